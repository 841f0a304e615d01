"""Conditions from joints: distances against scipy's, limbs where they are, what is absent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_cdt

from stages.data.pose_maps import CHANNELS, COLOURS, LIMBS, condition, taxicab


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 14), st.integers(1, 11), st.integers(0, 2**32 - 1), st.floats(0.02, 0.9))
def test_the_distance_is_scipy_s(height, width, seed, share):
    masks = np.random.default_rng(seed).random((3, height, width)) < share
    masks[:, height // 2, width // 2] = True  # scipy gives -1 where nothing is on
    ours = taxicab(masks)
    for mask, distance in zip(masks, ours, strict=True):
        assert np.array_equal(distance, distance_transform_cdt(~mask, metric="taxicab"))


def test_where_nothing_is_on_every_pixel_is_far():
    assert (taxicab(np.zeros((1, 5, 7), bool)) > 5 + 7).all()


def standing(side: int) -> np.ndarray:
    joints = np.full((18, 2), np.nan, np.float32)
    joints[1], joints[2] = (0.5 * side, 0.25 * side), (0.25 * side, 0.25 * side)
    return joints


@pytest.mark.parametrize("side", [64, 256])
def test_one_limb_by_hand(side):
    maps = condition(standing(side), side)
    assert maps.shape == (CHANNELS, side, side) and maps.dtype == np.float32 and CHANNELS == 20
    assert maps.min() >= 0 and maps.max() <= 1
    assert (maps[4:] == 1).all(), "the other sixteen limbs are absent"
    middle, low = round(0.375 * side), round(0.75 * side)
    row = round(0.25 * side)
    assert maps[3, row, middle] == 0
    # Half a picture below: 128 px of 256 less half the limb's width, over 3, over 255.
    assert maps[3, low, middle] == pytest.approx((128 - 4) / 3 / 255, abs=1.5 * 256 / side / 3 / 255)
    colour = maps[:3, row, middle] * 255
    assert colour == pytest.approx(np.rint(0.6 * COLOURS[0]), abs=0.01)
    assert maps[:3, low].max() == 0


def test_sizes_agree():
    """The same pose at twice the size says the same of the same places."""
    large, small = condition(standing(256), 256)[3], condition(standing(128), 128)[3]
    assert np.abs(large.reshape(128, 2, 128, 2).mean((1, 3)) - small).max() < 0.006


def test_limbs_join_the_joints_that_the_published_list_names():
    """1-based there: 2-3 2-6 3-4 4-5 6-7 7-8 2-9 9-10 10-11 2-12 12-13 13-14 2-1 1-15 15-17 1-16 16-18."""
    text = "2-3 2-6 3-4 4-5 6-7 7-8 2-9 9-10 10-11 2-12 12-13 13-14 2-1 1-15 15-17 1-16 16-18"
    assert [f"{start + 1}-{end + 1}" for start, end in LIMBS] == text.split()


def test_nobody_gives_an_empty_drawing():
    maps = condition(np.full((18, 2), np.nan, np.float32), 32)
    assert (maps[:3] == 0).all() and (maps[3:] == 1).all()
