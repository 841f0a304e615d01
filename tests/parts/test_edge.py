"""Seam and rings of a filled hole, and the colours they are measured in, against numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.edge import (
    grown,
    hole_to_edge_steps,
    hole_to_ring_distance,
    hole_to_rings,
    samples_to_hole_spread,
)
from stages.metrics.lab import srgb_to_lab


def hole(side: int = 8) -> np.ndarray:
    mask = np.zeros((side, side), np.uint8)
    mask[2:5, 3:6] = 1
    return mask


def picture(inside: int, outside: int, side: int = 8) -> np.ndarray:
    values = np.where(hole(side) > 0, inside, outside).astype(np.uint8)
    return np.repeat(values[..., None], 3, axis=2)


@pytest.mark.parametrize(
    ("colour", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.2408, 80.0925, 67.2032)),  # published values of the sRGB primaries under D65
        ((0, 255, 0), (87.7347, -86.1827, 83.1793)),
        ((0, 0, 255), (32.2970, 79.1875, -107.8602)),
        ((119, 119, 119), (50.0344, 0, 0)),
        ((10, 10, 10), (2.7417, 0, 0)),  # the straight part near black: 903.3 * 0.0030352698
    ],
)
def test_lab_of_known_colours(colour, lab):
    assert srgb_to_lab(np.array(colour, np.uint8)) == pytest.approx(lab, abs=0.02)


def test_lab_keeps_shapes():
    assert srgb_to_lab(np.zeros((2, 5, 3), np.uint8)).shape == (2, 5, 3)


def test_the_step_is_the_difference_across_the_edge_alone():
    """Twelve neighbours cross the edge of a 3 x 3 hole; what lies within either side does not count."""
    image = picture(90, 30)
    assert hole_to_edge_steps(image, hole()) == 60
    image[3, 4] = 255  # the hole's only inner pixel
    image[7, 7] = 0  # far outside
    assert hole_to_edge_steps(image, hole()) == 60
    image[2, 3] = 30  # a corner: two of twelve crossings fall to zero
    assert hole_to_edge_steps(image, hole()) == pytest.approx(60 * 10 / 12)


def test_a_hole_at_the_border_has_an_edge_on_its_other_sides_only():
    mask = np.zeros((4, 4), np.uint8)
    mask[:, :2] = 1
    image = np.zeros((4, 4, 3), np.uint8)
    image[:, :2] = 12
    assert hole_to_edge_steps(image, mask) == 12


def test_steps_do_not_wrap_around_8_bits():
    assert hole_to_edge_steps(picture(0, 255), hole()) == hole_to_edge_steps(picture(255, 0), hole()) == 255


def test_rings_lie_on_both_sides_of_the_edge():
    inner, outer = hole_to_rings(hole(), 1)
    assert inner.sum() == 8 and not inner[3, 4]
    assert outer.sum() == 25 - 9 and outer[1, 2] and not outer[0, 2]
    inner, outer = hole_to_rings(hole(), 2)
    assert inner.sum() == 9 and outer.sum() == 7 * 7 - 9, "two pixels to each side still lie in the picture"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**12 - 1), st.integers(1, 3))
def test_grown_is_the_square_neighbourhood(bits, width):
    mask = np.array([bits >> i & 1 for i in range(12)], bool).reshape(3, 4)
    expected = np.zeros_like(mask)
    for y, x in zip(*np.nonzero(mask), strict=True):
        expected[max(0, y - width) : y + width + 1, max(0, x - width) : x + width + 1] = True
    assert np.array_equal(grown(mask, width), expected)


def test_ring_distance_is_that_of_the_mean_colours():
    assert hole_to_ring_distance(picture(255, 0), hole(), 1) == pytest.approx(100, abs=0.01)
    assert hole_to_ring_distance(picture(77, 77), hole(), 2) == pytest.approx(0, abs=1e-9)
    image = picture(0, 0)
    image[hole() == 0] = np.tile([[255, 255, 255]], (55, 1))
    image[0, 0] = 0  # outside of the ring of one pixel
    assert hole_to_ring_distance(image, hole(), 1) == pytest.approx(100, abs=0.01)


@pytest.mark.parametrize("mask", [np.zeros((4, 4), np.uint8), np.ones((4, 4), np.uint8)])
def test_a_hole_without_an_edge_is_refused(mask):
    image = np.zeros((4, 4, 3), np.uint8)
    for measure in (lambda: hole_to_edge_steps(image, mask), lambda: hole_to_ring_distance(image, mask, 1)):
        with pytest.raises(ValueError, match="no edge"):
            measure()


def test_spread_inside_the_hole_by_hand():
    """Two samples of 10 and 30: deviation 10 on every pixel; what differs outside does not count."""
    samples = np.stack([picture(10, 0), picture(30, 0)])
    assert samples_to_hole_spread(samples, hole()) == 10
    samples[0, 0, 0] = 255
    assert samples_to_hole_spread(samples, hole()) == 10
    assert samples_to_hole_spread(samples[:1], hole()) == 0
    with pytest.raises(ValueError, match="at least one pixel"):
        samples_to_hole_spread(samples, np.zeros((8, 8), np.uint8))
