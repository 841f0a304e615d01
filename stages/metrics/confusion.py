"""Scores of a segmentation from counts of pixels: what each true class was taken for."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

SMALL = 1.0e-10  # UPerNet (code): keeps the quotient of a class that is nowhere defined; it scores 0


class Confusion(NamedTuple):
    """Pixels by class, counts[true, predicted], and how many pixels have no true class."""

    counts: np.ndarray
    void: int


class CityscapesScores(NamedTuple):
    """In percent. `mean_iou` is what that protocol prints as mAP: "mAP (class-mean IoU)"."""

    mean_iou: float
    pixel_accuracy: float
    class_accuracy: float
    pixel_accuracy_void_as_error: float


class Ade20kScores(NamedTuple):
    """In percent."""

    mean_iou: float
    accuracy: float


def labels_to_confusion(predicted: np.ndarray, target: np.ndarray, classes: int, void: int) -> Confusion:
    """Count the pixels of one image, or of several.

    Shapes: integer labels of one shape, predicted in 0..classes - 1, target the same or `void`.
    Raises: ValueError for shapes that differ or a label that is neither.
    """
    predicted, target = np.asarray(predicted), np.asarray(target)
    if predicted.shape != target.shape:
        raise ValueError(f"expected labels of one shape, came {predicted.shape} and {target.shape}")
    known = target != void
    for name, labels in (("predicted", predicted), ("target", target[known])):
        if labels.size and not 0 <= labels.min() <= labels.max() < classes:
            raise ValueError(f"{name}: expected classes 0..{classes - 1}, came {labels.min()}..{labels.max()}")
    pairs = target[known].astype(np.int64) * classes + predicted[known]
    counts = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return Confusion(counts, int((~known).sum()))


def merge(confusions: Iterable[Confusion]) -> Confusion:
    """The counts of all images together. Raises: ValueError for none."""
    parts = list(confusions)
    if not parts:
        raise ValueError("expected the counts of at least one image, came none")
    return Confusion(np.sum([part.counts for part in parts], axis=0), sum(part.void for part in parts))


def _overlaps(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Intersection and union of each class, in pixels."""
    both = np.diagonal(counts).astype(np.float64)
    return both, counts.sum(axis=0) + counts.sum(axis=1) - both


def _labelled(counts: np.ndarray) -> int:
    total = int(counts.sum())
    if not total:
        raise ValueError("expected pixels with a true class, came none: every pixel is void")
    return total


def confusion_to_cityscapes(confusion: Confusion) -> CityscapesScores:
    """The scores of DRN's evaluation over all images together.

    mean_iou: of intersection / union over the classes that are anywhere, in truth or prediction
    pixel_accuracy: correct / labelled pixels; with void as error: correct / all pixels
    class_accuracy: mean recall over the classes that the truth has

    Source: DRN (code: nanmean), spec 6.2. Units: percent.
    Raises: ValueError where no pixel is labelled.
    """
    counts = confusion.counts
    total, true = _labelled(counts), counts.sum(axis=1)
    both, either = _overlaps(counts)
    return CityscapesScores(
        100 * float((both[either > 0] / either[either > 0]).mean()),
        100 * float(both.sum() / total),
        100 * float((both[true > 0] / true[true > 0]).mean()),
        100 * float(both.sum() / (total + confusion.void)),
    )


def confusion_to_ade20k(confusion: Confusion) -> Ade20kScores:
    """The scores of UPerNet's evaluation over all images together; a class that is nowhere counts as 0.

    mean_iou: mean over all classes of summed intersections / (summed unions + 1e-10)
    accuracy: correct / labelled pixels, which is the mean of the images' accuracies weighted by these

    Source: CSAILVision semantic segmentation (code), spec 6.3. Units: percent.
    Raises: ValueError where no pixel is labelled.
    """
    both, either = _overlaps(confusion.counts)
    return Ade20kScores(
        100 * float((both / (either + SMALL)).mean()), 100 * float(both.sum() / _labelled(confusion.counts))
    )
