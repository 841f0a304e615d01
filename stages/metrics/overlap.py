"""Overlap of foreground masks, and the best that a centred disc can do without looking."""

from typing import NamedTuple

import numpy as np

SMALL = 1.0e-6  # keeps the quotient defined; an empty union scores 0
NEAR = 1.0e-9  # pixels at the radius itself belong to the disc, whatever the rounding


class Disc(NamedTuple):
    """A centred disc and its mean IoU over the masks it was chosen on."""

    radius_px: float
    iou: float


class Overlap(NamedTuple):
    """Scores of each image [N]; `both`: mean IoU of object and ground; `either`: IoU of mask or inverse, the better."""

    iou: np.ndarray
    dice: np.ndarray
    accuracy: np.ndarray
    both: np.ndarray
    either: np.ndarray


def masks_to_overlap(predicted: np.ndarray, target: np.ndarray) -> Overlap:
    """|P ∧ T| / |P ∨ T|, 2 |P ∧ T| / (|P| + |T|), the share of equal pixels, and the IoU with the inverses of both.

    Where neither mask leaves any ground, the ground's IoU is 1.
    Source: spec §5.1; the better of mask and inverse is ReDO's script's. Shapes: bool or 0/1 [N S S] each.
    Raises: ValueError for masks of different shapes, none, or a target without object.
    """
    first, second = (np.asarray(mask) > 0 for mask in (predicted, target))
    if first.shape != second.shape or first.ndim != 3 or not len(first):
        raise ValueError(f"expected masks of one shape [N S S], came {first.shape} and {second.shape}")
    if empty := np.flatnonzero(~second.any(axis=(1, 2))).tolist():
        raise ValueError(f"expected an object in every target, came none in {len(empty)}, the first is {empty[0]}")
    iou = _quotient(first & second, first | second)
    dice = 2 * iou / (1 + iou)
    accuracy = (first == second).mean(axis=(1, 2))
    ground = _quotient(~(first | second), ~(first & second))
    inverse = _quotient(~first & second, ~first | second)
    return Overlap(iou, dice, accuracy, (iou + ground) / 2, np.maximum(iou, inverse))


def _quotient(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """Pixels of one over pixels of the other, 1 where the other has none. Shapes: bool [N S S] each -> float64 [N]."""
    parts, wholes = part.sum(axis=(1, 2)), whole.sum(axis=(1, 2))
    return np.where(wholes > 0, parts / np.maximum(wholes, 1), 1.0)


def masks_to_iou(predicted: np.ndarray, target: np.ndarray, unlabelled: np.ndarray | None = None) -> np.ndarray:
    """The overlap of each image: |P ∧ T| / (|P ∨ T| + 1e-6). The published number is its mean over images.

    Source: code (GANSeg), spec §5.4; pixels that nobody labelled are left out of both counts (settled 36).
    Shapes: bool or 0/1 [N S S] each → float64 [N].
    Raises: ValueError for masks of different shapes.
    """
    first, second = (np.asarray(mask) > 0 for mask in (predicted, target))
    shapes = {first.shape, second.shape} | ({unlabelled.shape} if unlabelled is not None else set())
    if len(shapes) != 1 or first.ndim != 3:
        raise ValueError(f"expected masks of one shape [N S S], came {sorted(shapes)}")
    both, either = first & second, first | second
    if unlabelled is not None:
        known = np.asarray(unlabelled) == 0
        both, either = both & known, either & known
    return both.sum(axis=(1, 2)) / (either.sum(axis=(1, 2)) + SMALL)


def disc_mask(size_px: int, radius_px: float) -> np.ndarray:
    """Pixels whose centres lie within the radius of the image's centre. Shapes: → bool [S S]. Units: pixels."""
    return _distances(size_px) <= radius_px + NEAR


def best_disc(targets: np.ndarray, unlabelled: np.ndarray | None = None) -> Disc:
    """The centred disc whose radius maximises the mean IoU; the smallest of equally good ones.

    Every disc that differs is tried: its radius is one of the distances of pixels from the centre.
    Source: settled 36, the baseline of the flowers check. Shapes: 0/1 [N S S] each.
    Raises: ValueError for no masks or shapes that differ.
    """
    targets = np.asarray(targets)
    if targets.ndim != 3 or not len(targets) or (unlabelled is not None and unlabelled.shape != targets.shape):
        came = None if unlabelled is None else unlabelled.shape
        raise ValueError(f"expected masks [N S S], at least one, came {targets.shape} and {came}")
    distances = _distances(targets.shape[1]).ravel()
    order = np.argsort(distances, kind="stable")
    ordered = distances[order]
    ends = np.flatnonzero(np.append(ordered[1:] > ordered[:-1] + NEAR, True))
    total = np.zeros(len(ends))
    for place, target in enumerate(targets):
        known = np.ones(len(order), bool) if unlabelled is None else np.asarray(unlabelled[place]).ravel()[order] == 0
        flat = (target.ravel()[order] > 0) & known
        both, disc = np.cumsum(flat)[ends], np.cumsum(known)[ends]
        total += both / (disc + flat.sum() - both + SMALL)
    mean = total / len(targets)
    best = int(mean.argmax())
    return Disc(float(ordered[ends[best]]), float(mean[best]))


def _distances(size_px: int) -> np.ndarray:
    """Of pixel centres from the image's centre. Shapes: → [S S]."""
    offset = np.arange(size_px) - (size_px - 1) / 2
    return np.sqrt(offset[:, None] ** 2 + offset[None, :] ** 2)
