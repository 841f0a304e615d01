"""Which detected boxes count, and the squares that are cut from them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.crops import box_to_crop, boxes_to_kept

EVERY = {"width": 32, "height": 16, "threshold": 0.5, "minimum_px": 3.0, "most": 10}


def kept(boxes, scores, **changes):
    return boxes_to_kept(np.array(boxes), np.array(scores), **(EVERY | changes))


def test_boxes_are_clipped_before_their_sides_are_looked_at():
    found = kept([[-5, 2, 4, 8], [30, 2, 40, 8], [28.5, 10, 99, 99]], [0.9, 0.9, 0.9])
    assert found.boxes.tolist() == [[0.0, 2.0, 4.0, 8.0], [28.5, 10.0, 32.0, 16.0]], "two pixels are left of the second"


def test_threshold_and_least_side_are_inclusive():
    boxes = [[0, 0, 3, 9], [0, 0, 2.9, 9], [0, 0, 9, 2.9], [0, 0, 9, 9]]
    assert kept(boxes, [0.5, 0.9, 0.9, 0.49]).boxes.tolist() == [[0.0, 0.0, 3.0, 9.0]]


def test_the_best_are_kept_and_ties_stay_in_order():
    boxes = [[0, 0, 5, 5], [1, 0, 6, 5], [2, 0, 7, 5], [3, 0, 8, 5]]
    found = kept(boxes, [0.7, 0.8, 0.7, 0.9], most=3)
    assert found.boxes[:, 0].tolist() == [3.0, 1.0, 0.0] and found.scores.tolist() == [0.9, 0.8, 0.7]


def test_no_box_is_no_error():
    found = boxes_to_kept(np.array([]), np.array([]), **EVERY)
    assert found.boxes.shape == (0, 4) and found.scores.shape == (0,)
    assert kept([[0, 0, 1, 1]], [1.0]).boxes.shape == (0, 4)


@given(st.lists(st.tuples(*[st.floats(-50, 80)] * 4, st.floats(0, 1)), max_size=8), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_all_that_is_kept_obeys_the_rule_and_can_be_cut(rows, most):
    boxes, scores = np.array([row[:4] for row in rows]), np.array([row[4] for row in rows])
    found = boxes_to_kept(boxes, scores, **(EVERY | {"most": most}))
    assert len(found.boxes) == len(found.scores) <= most
    assert (np.diff(found.scores) <= 0).all() and (found.scores >= 0.5).all()
    image = np.zeros((16, 32, 3), np.uint8)
    for left, upper, right, lower in found.boxes.tolist():
        assert 0 <= left < right <= 32 and 0 <= upper < lower <= 16 and min(right - left, lower - upper) >= 3
        assert box_to_crop(image, np.array([left, upper, right, lower]), 8).shape == (8, 8, 3)


def test_a_crop_holds_the_whole_pixels_of_its_box_and_nothing_else():
    image = np.zeros((16, 32, 3), np.uint8)
    image[4:8, 10:18] = (200, 10, 30)
    assert (box_to_crop(image, np.array([10, 4, 18, 8]), 8) == (200, 10, 30)).all()
    assert not (box_to_crop(image, np.array([9, 4, 18, 8]), 9) == (200, 10, 30)).all()


def test_broken_edges_go_outwards():
    image = np.random.default_rng(0).integers(0, 256, (16, 32, 3), dtype=np.uint8)
    found = box_to_crop(image, np.array([10.7, 4.2, 17.3, 11.1]), 8)
    assert (found == image[4:12, 10:18]).all()


def test_a_crop_of_its_own_size_is_the_pixels_and_another_is_stretched():
    image = np.arange(16 * 32 * 3, dtype=np.uint32).astype(np.uint8).reshape(16, 32, 3)
    assert (box_to_crop(image, np.array([2, 3, 10, 11]), 8) == image[3:11, 2:10]).all()
    halves = np.zeros((4, 8, 3), np.uint8)
    halves[:, 4:] = 100
    wide = box_to_crop(halves, np.array([0, 0, 8, 4]), 4)
    assert wide.shape == (4, 4, 3)
    assert (wide[:, 0] == 0).all() and (wide[:, 3] == 100).all(), "left and right stay where they were"


def test_a_box_outside_the_picture_is_refused():
    with pytest.raises(ValueError, match="picture of 32 x 16"):
        box_to_crop(np.zeros((16, 32, 3), np.uint8), np.array([40, 2, 50, 8]), 4)
