"""Masks as boxes and as the run-length codes of the COCO format."""

from typing import cast

import numpy as np


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(x1, y1, x2, y2) of a mask's pixels, limits inclusive. Shapes: [H W]. Raises: ValueError for an empty mask."""
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        raise ValueError(
            "expected a mask with at least one pixel, came an empty one; draw the object inside the picture"
        )
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def run_lengths(mask: np.ndarray) -> dict[str, object]:
    """COCO's compressed code {size: [height, width], counts}. Shapes: bool [H W]."""
    from pycocotools import mask as coco

    code = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": list(mask.shape), "counts": cast(bytes, code["counts"]).decode("ascii")}
