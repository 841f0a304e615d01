"""Detected boxes → the ones that count → square pictures of what is in them."""

import math
from typing import NamedTuple

import numpy as np

from stages.data.image import resize_bilinear


class Kept(NamedTuple):
    """Boxes [k 4] as (left, upper, right, lower) in pixels, within their picture, and scores [k], best first."""

    boxes: np.ndarray
    scores: np.ndarray


def boxes_to_kept(
    boxes: np.ndarray, scores: np.ndarray, width: int, height: int, threshold: float, minimum_px: float, most: int
) -> Kept:
    """The `most` best boxes of one category in one picture, clipped to it, whose shorter side is long enough.

    Source: spec §5.3. Shapes: boxes [n 4], scores [n]. Units: pixels. Ties keep the detector's order.
    """
    sides = np.array([width, height, width, height], np.float64)
    clipped = np.clip(np.asarray(boxes, np.float64).reshape(-1, 4), 0.0, sides)
    scores = np.asarray(scores, np.float64).reshape(-1)
    shorter = (clipped[:, 2:] - clipped[:, :2]).min(1, initial=np.inf)
    order = np.argsort(-scores, kind="stable")
    order = order[(scores >= threshold)[order] & (shorter >= minimum_px)[order]][:most]
    return Kept(clipped[order], scores[order])


def box_to_crop(image: np.ndarray, box: np.ndarray, side: int) -> np.ndarray:
    """What a box holds, whole pixels, stretched to a square; nothing around it.

    Source: spec §5.3 (tight box, no context). Shapes: uint8 [H W 3], [4] -> uint8 [side side 3]. Units: pixels.
    Raises: ValueError for a box without pixels in the picture.
    """
    height, width = image.shape[:2]
    left, upper, right, lower = (float(edge) for edge in box)
    rows = slice(max(math.floor(upper), 0), min(math.ceil(lower), height))
    columns = slice(max(math.floor(left), 0), min(math.ceil(right), width))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        raise ValueError(f"expected a box with pixels of a picture of {width} x {height}, came {list(map(float, box))}")
    return resize_bilinear(image[rows, columns], side, side)
