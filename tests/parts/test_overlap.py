"""Scores of a mask beside its IoU: counted by hand, and the identities between them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.overlap import masks_to_iou, masks_to_overlap


def rows(*lines: str) -> np.ndarray:
    return np.array([[[int(x) for x in line] for line in lines]])


def test_counted_by_hand():
    found = masks_to_overlap(rows("1100", "1000", "0000", "0000"), rows("1110", "0000", "0000", "0000"))
    # two shared of four; 2 * 2 / (3 + 3); two pixels differ; ground: 12 of 14; inverse: 1 of 15 - wrong way round
    assert found.iou[0] == pytest.approx(2 / 4)
    assert found.dice[0] == pytest.approx(4 / 6)
    assert found.accuracy[0] == pytest.approx(14 / 16)
    assert found.both[0] == pytest.approx((2 / 4 + 12 / 14) / 2)
    assert found.either[0] == pytest.approx(2 / 4)


def test_the_inverse_of_the_right_mask_is_nothing_and_all_for_the_better_of_both():
    target = rows("1100", "1100", "0000", "0000")
    found = masks_to_overlap(1 - target, target)
    assert found.iou[0] == found.dice[0] == found.accuracy[0] == found.both[0] == 0 and found.either[0] == 1


def test_everything_taken_for_object():
    full = rows("11", "11")
    found = masks_to_overlap(full, rows("10", "00"))
    assert (found.iou[0], found.accuracy[0], found.both[0]) == (0.25, 0.25, 0.125)
    assert masks_to_overlap(full, full).both[0] == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31))
def test_identities(seed):
    draw = np.random.default_rng(seed)
    predicted, target = draw.integers(0, 2, (2, 3, 5, 5))
    target[:, 2, 2] = 1
    found, turned = masks_to_overlap(predicted, target), masks_to_overlap(1 - predicted, target)
    assert np.allclose(found.iou, masks_to_iou(predicted, target), atol=1e-5)
    counted = 2 * (predicted & target).sum((1, 2)) / (predicted.sum((1, 2)) + target.sum((1, 2)))
    assert np.allclose(found.dice, counted)
    assert np.allclose(found.either, np.maximum(found.iou, turned.iou)) and np.allclose(turned.either, found.either)
    assert np.allclose(found.accuracy, 1 - turned.accuracy)
    same = masks_to_overlap(target, target)
    for values in same[:4]:
        assert np.array_equal(values, np.ones(3))


def test_faults_are_refused():
    with pytest.raises(ValueError, match="an object in every target, came none in 1, the first is 1"):
        masks_to_overlap(np.ones((2, 2, 2)), np.stack([np.ones((2, 2)), np.zeros((2, 2))]))
    with pytest.raises(ValueError, match="one shape"):
        masks_to_overlap(np.ones((1, 2, 2)), np.ones((1, 2, 3)))
