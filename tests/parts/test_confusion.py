"""Scores of a segmentation: by hand, against scikit-learn, perfect labels, void and absent classes (spec 8.19)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, jaccard_score

from stages.metrics.confusion import confusion_to_ade20k, confusion_to_cityscapes, labels_to_confusion, merge

VOID = 255


def test_by_hand():
    target = np.array([[0, 0, 1, VOID], [1, 1, 0, VOID]])
    predicted = np.array([[0, 1, 1, 2], [1, 0, 0, 0]])
    confusion = labels_to_confusion(predicted, target, 4, VOID)
    assert confusion.counts.tolist() == [[2, 1, 0, 0], [1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion.void == 2
    scores = confusion_to_cityscapes(confusion)
    assert scores == pytest.approx((50.0, 100 * 4 / 6, 100 * 2 / 3, 50.0))
    assert confusion_to_ade20k(confusion) == pytest.approx((25.0, 100 * 4 / 6))


@settings(derandomize=True, deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.integers(2, 6))
def test_as_scikit_learn_counts(seed, classes):
    chance = np.random.default_rng(seed)
    target = chance.integers(0, classes, (3, 5, 4))
    predicted = np.where(chance.random((3, 5, 4)) < 0.5, target, chance.integers(0, classes, (3, 5, 4)))
    target[chance.random((3, 5, 4)) < 0.2] = VOID
    known = target != VOID
    confusion = merge(labels_to_confusion(p, t, classes, VOID) for p, t in zip(predicted, target, strict=True))
    t, p = target[known], predicted[known]
    assert np.array_equal(confusion.counts, confusion_matrix(t, p, labels=range(classes)))
    scores = confusion_to_cityscapes(confusion)
    anywhere = np.union1d(t, p)
    assert scores.mean_iou == pytest.approx(
        100 * jaccard_score(t, p, labels=anywhere, average="macro", zero_division=0)
    )
    assert scores.class_accuracy == pytest.approx(100 * np.mean([(p[t == c] == c).mean() for c in np.unique(t)]))
    if set(p) <= set(t):
        assert scores.class_accuracy == pytest.approx(100 * balanced_accuracy_score(t, p))
    assert scores.pixel_accuracy == pytest.approx(100 * (t == p).mean())
    assert scores.pixel_accuracy_void_as_error == pytest.approx(100 * (target == predicted).mean())
    ade = confusion_to_ade20k(confusion)
    each = [((t == c) & (p == c)).sum() / (((t == c) | (p == c)).sum() + 1e-10) for c in range(classes)]
    assert ade == pytest.approx((100 * np.mean(each), 100 * (t == p).mean()))


def test_perfect_labels_score_100_and_only_ade20k_counts_absent_classes():
    target = np.array([[0, 1], [1, 3]])
    confusion = labels_to_confusion(target, target, 19, VOID)
    assert confusion_to_cityscapes(confusion) == pytest.approx((100.0,) * 4)
    assert confusion_to_ade20k(confusion) == pytest.approx((100 * 3 / 19, 100.0))


def test_void_moves_only_the_accuracy_that_counts_it():
    target = np.zeros((10, 10), int)
    predicted = target.copy()
    predicted[0, :5] = 1
    plain = confusion_to_cityscapes(labels_to_confusion(predicted, target, 2, VOID))
    target[5:] = VOID
    target[0] = 0
    marked = confusion_to_cityscapes(labels_to_confusion(predicted, target, 2, VOID))
    assert plain.pixel_accuracy == plain.pixel_accuracy_void_as_error == pytest.approx(95.0)
    assert marked.pixel_accuracy == pytest.approx(90.0) and marked.pixel_accuracy_void_as_error == pytest.approx(45.0)


def test_labels_that_cannot_be_counted_are_refused():
    good = np.zeros((2, 2), int)
    with pytest.raises(ValueError, match="one shape"):
        labels_to_confusion(good, good[:1], 3, VOID)
    with pytest.raises(ValueError, match=r"predicted: .*0\.\.2, came 0\.\.255"):
        labels_to_confusion(np.array([[0, VOID], [0, 0]]), good, 3, VOID)
    with pytest.raises(ValueError, match=r"target: .*came -1"):
        labels_to_confusion(good, good - 1, 3, VOID)
    with pytest.raises(ValueError, match="every pixel is void"):
        confusion_to_cityscapes(labels_to_confusion(good, good + VOID, 3, VOID))
    with pytest.raises(ValueError, match="every pixel is void"):
        confusion_to_ade20k(labels_to_confusion(good, good + VOID, 3, VOID))
    with pytest.raises(ValueError, match="at least one"):
        merge([])
