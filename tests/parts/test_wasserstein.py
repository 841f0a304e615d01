"""The sliced Wasserstein distance: equal sets, POT's one-dimensional transport, pyramids that add up (spec 8.19)."""

import numpy as np
import ot
import pytest
from scipy.ndimage import convolve

from stages.metrics.wasserstein import (
    images_to_pyramid,
    images_to_wasserstein,
    level_to_pieces,
    pieces_to_distance,
    sides_of,
)


def pictures(count: int, side: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_levels_follow_the_size():
    assert sides_of(256) == (256, 128, 64, 32, 16)
    assert sides_of(64) == (64, 32, 16) and sides_of(48) == (48, 24) and sides_of(17) == (17,)
    with pytest.raises(ValueError, match="16 px"):
        sides_of(15)


def test_a_set_with_itself_is_zero_and_numbers_follow_the_seed():
    one, two = pictures(3, 32, 0), pictures(3, 32, 1) // 2
    assert images_to_wasserstein(one, one, 0).levels == (0.0, 0.0)
    found = images_to_wasserstein(one, two, 0)
    assert found == images_to_wasserstein(one, two, 0) and found != images_to_wasserstein(one, two, 1)
    assert found.sides_px == (32, 16) and found.mean == pytest.approx(np.mean(found.levels)) and found.mean > 0


def test_stripes_are_further_away_than_other_ones_of_the_same_kind():
    one, two = pictures(6, 32, 0), pictures(6, 32, 1)
    striped = np.broadcast_to(two[:, :, :1], two.shape)
    far, near = images_to_wasserstein(one, striped, 0).levels, images_to_wasserstein(one, two, 0).levels
    assert far[0] > 1.5 * near[0] and far[1] > 1.5 * near[1]


def test_a_pyramid_adds_up_to_its_image_by_the_public_filter():
    """The 5 x 5 filter of progressive growing, written out."""
    image = pictures(2, 32, 0).transpose(0, 3, 1, 2).astype(np.float32)
    levels = images_to_pyramid(image)
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None, None] / 256
    small = convolve(image, kernel, mode="mirror")[:, :, ::2, ::2]
    assert np.allclose(levels[1], small, atol=1e-3)
    spread = np.zeros_like(image)
    spread[:, :, ::2, ::2] = small
    assert np.allclose(levels[0] + convolve(spread, kernel * 4, mode="mirror"), image, atol=1e-3)
    flat = images_to_pyramid(np.full((1, 3, 32, 32), 7.0))
    assert np.allclose(flat[0], 0, atol=1e-5) and np.allclose(flat[1], 7)


def test_pieces_are_windows_of_their_own_image_and_standardised():
    level = np.arange(2 * 3 * 9 * 9, dtype=np.float32).reshape(2, 3, 9, 9)
    pieces = level_to_pieces(level, np.random.default_rng(0)).astype(np.float64).reshape(2, 128, 7, 7, 3)
    assert np.allclose(pieces.mean(axis=(0, 1, 2, 3)), 0, atol=1e-4) and np.allclose(pieces.std(axis=(0, 1, 2, 3)), 1)
    across, down = np.diff(pieces, axis=3), np.diff(pieces, axis=2)
    assert np.allclose(across, across[0, 0, 0, 0, 0], atol=1e-6) and np.allclose(
        down, 9 * across[0, 0, 0, 0, 0], atol=1e-5
    )
    assert pieces[0].max() < pieces[1].min()
    assert not level_to_pieces(np.ones((2, 3, 9, 9), np.float32), np.random.default_rng(0)).any()


def test_one_dimension_is_pots_transport():
    left, right = (np.random.default_rng(seed).normal(seed, 1, (40, 1)).astype(np.float32) for seed in (0, 1))
    expected = ot.wasserstein_1d(left[:, 0], right[:, 0], p=1)
    assert pieces_to_distance(left, right, np.random.default_rng(0)) == pytest.approx(float(expected), rel=1e-5)
    sliced = ot.sliced_wasserstein_distance(
        np.tile(left, 5) + np.arange(5), np.tile(right, 5) + np.arange(5), n_projections=4000, p=1, seed=0
    )  # fmt: skip
    found = pieces_to_distance(
        (np.tile(left, 5) + np.arange(5)).astype(np.float32), (np.tile(right, 5) + np.arange(5)).astype(np.float32),
        np.random.default_rng(0),
    )  # fmt: skip
    assert found == pytest.approx(float(sliced), rel=0.1)


def test_sets_that_cannot_be_compared_are_refused():
    for left, right in ((pictures(2, 16, 0), pictures(3, 16, 0)), (pictures(0, 16, 0), pictures(0, 16, 0))):
        with pytest.raises(ValueError, match="equally large"):
            images_to_wasserstein(left, right, 0)
