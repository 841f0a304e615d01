"""ADE20K's scene parsing labels: 0 is unknown, 1 to 150 are classes; those named here are the ones that we draw."""

import numpy as np

CLASSES = 150
UNKNOWN = 150  # the number of what has no label, behind the classes 0 to 149
ID = {
    "wall": 1, "building": 2, "sky": 3, "floor": 4, "tree": 5, "ceiling": 6, "road": 7, "bed": 8, "windowpane": 9,
    "grass": 10, "cabinet": 11, "mountain": 17,
}  # fmt: skip


def numbers_of(labels: np.ndarray) -> np.ndarray:
    """Class numbers from a label file: label - 1, unknown last. Shapes: uint8 [H W] -> uint8 [H W]."""
    return np.where(labels == 0, UNKNOWN, labels - 1).astype(np.uint8)
