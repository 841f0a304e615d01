"""Boxes and square crops, against search by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stages.data.prepared.crop import box_coverage, box_mask, object_window, square_window, tight_box
from tests.parts.raw_fixtures import rectangle

masks = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(lambda shape: arrays(bool, shape))


@given(masks)
def test_tight_box_is_the_union_of_pixels_with_inclusive_limits(mask):
    pixels = [(x, y) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    if not pixels:
        assert tight_box(mask) is None and box_coverage(mask) == 0
        return
    xs, ys = [x for x, _ in pixels], [y for _, y in pixels]
    box = tight_box(mask)
    assert box == (min(xs), min(ys), max(xs), max(ys))
    filled = box_mask(box, *mask.shape)
    assert not (mask & (filled == 0)).any()
    assert filled.sum() == (max(xs) - min(xs) + 1) * (max(ys) - min(ys) + 1)
    assert tight_box(filled) == box
    assert box_coverage(mask) == pytest.approx(filled.mean())


def test_single_pixel_box():
    assert tight_box(rectangle(5, 7, 6, 4, 6, 4)) == (6, 4, 6, 4)


@settings(max_examples=200)
@given(masks.filter(lambda mask: mask.any()))
def test_object_window_is_inside_and_the_best_there_is(mask):
    height, width = mask.shape
    window, inside = object_window(mask)
    assert window.side == min(height, width)
    assert 0 <= window.left <= width - window.side and 0 <= window.top <= height - window.side
    shares = {
        (left, top): mask[top : top + window.side, left : left + window.side].sum() / mask.sum()
        for left in range(width - window.side + 1)
        for top in range(height - window.side + 1)
    }
    assert inside == pytest.approx(shares[window.left, window.top])
    assert inside == pytest.approx(max(shares.values()))


def test_crop_is_centred_on_the_box():
    window, inside = object_window(rectangle(40, 100, 50, 5, 59, 30))
    assert (window.left, window.top, window.side, inside) == (35, 0, 40, 1.0)
    assert object_window(rectangle(40, 100, 0, 5, 9, 30))[0].left == 0  # clamped
    assert object_window(rectangle(100, 40, 5, 90, 9, 99))[0].top == 60


def test_object_wider_than_the_crop_keeps_most_of_its_mask():
    mask = rectangle(10, 30, 0, 4, 24, 5) | rectangle(10, 30, 18, 0, 24, 9)
    window, inside = object_window(mask)
    assert window.left == 15
    assert inside == pytest.approx((2 * 3 + 10 * 7) / mask.sum())


def test_equal_crops_take_the_one_nearest_the_centre():
    window, inside = object_window(rectangle(10, 40, 5, 2, 34, 7))
    assert window.left == 15 and inside == pytest.approx(10 / 30)


def test_empty_mask_is_an_error():
    with pytest.raises(ValueError, match="empty mask"):
        object_window(np.zeros((4, 4), bool))


def test_square_window_of_a_box_larger_than_the_image():
    window = square_window(20, 10, (0, 0, 19, 9))
    assert (window.left, window.top, window.side) == (5, 0, 10)
