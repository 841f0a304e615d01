"""Whether a run translated at all: the gate before any verdict on it."""

import math
from collections.abc import Collection

import numpy as np

NEARER = 4  # times nearer to the target than its source was
SHARE = 0.5  # of the images, in a class of the target


def translated(
    fd_made: float, fd_source: float, classes_made: np.ndarray | None, target_classes: Collection[int]
) -> bool:
    """FD(made, target) <= FD(source, target) / 4, and at least half of the images are taken for a class of the target.

    A blur keeps content best and a judge of two classes takes blotches for zebras: neither may win a comparison. The
    second condition is the demo's; without a judge `classes_made` is None.

    Source: settled 3. Shapes: classes [N], by a judge that knows the classes of all sets.
    Raises: ValueError for a distance that is not finite, or for no image.
    """
    for name, distance in (("made", fd_made), ("source", fd_source)):
        if not math.isfinite(distance):
            raise ValueError(f"FD({name}, target): expected a finite distance, came {distance}")
    if fd_made > fd_source / NEARER:
        return False
    return classes_made is None or share_of_classes(classes_made, target_classes) >= SHARE


def share_of_classes(classes: np.ndarray, wanted: Collection[int]) -> float:
    """The share of images that are taken for one of these classes. Raises: ValueError for no image."""
    if not len(classes):
        raise ValueError("expected the classes of at least one image, came none")
    return float(np.isin(np.asarray(classes), sorted(wanted)).mean())
