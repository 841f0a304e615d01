"""Crops around a box, masks that cover their object, and squares of a photo that hold nothing of it."""

from collections.abc import Sequence
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from PIL import Image

from stages.data.prepared.crop import Window

EDGES = ("box_left", "box_top", "box_right", "box_bottom")  # columns of a pack: shares of the crop's sides

Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels, limits as edges


class Rectangle(NamedTuple):
    """Pixels left to right - 1 and top to bottom - 1 of a photo."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.right - self.left, self.bottom - self.top)

    def cut(self, array: np.ndarray) -> np.ndarray:
        """Shapes: [H W ...] -> [bottom - top, right - left ...]."""
        return array[self.top : self.bottom, self.left : self.right]

    def shares(self, box: Box) -> tuple[float, ...]:
        """A box's edges as shares of this rectangle's sides."""
        width, height = self.right - self.left, self.bottom - self.top
        x1, y1, x2, y2 = box
        return (x1 - self.left) / width, (y1 - self.top) / height, (x2 - self.left) / width, (y2 - self.top) / height


def box_crop(width: int, height: int, box: Box, factor: float) -> Rectangle:
    """A square about a box, `factor` times as long as its longer side, cut off at the photo's rims.

    Formula: r = ⌊factor/2 · max(w, h)⌋ about (⌊x + w/2⌋, ⌊y + h/2⌋).
    Source: code (FineGAN), spec §2.2. Raises: ValueError for a box outside the photo.
    """
    x1, y1, x2, y2 = box
    reach = int(factor / 2 * max(x2 - x1, y2 - y1))
    across, down = int((x1 + x2) / 2), int((y1 + y2) / 2)
    found = Rectangle(
        max(0, across - reach), max(0, down - reach), min(width, across + reach), min(height, down + reach)
    )
    if found.left >= found.right or found.top >= found.bottom:
        raise ValueError(f"expected a box in a photo of {width} x {height} px, came {box}")
    return found


def cover_mask(mask: np.ndarray, height: int, width: int) -> np.ndarray:
    """1 where bilinear resizing takes anything at all from the mask's pixels.

    What is outside keeps its colour whatever the object looks like, which a mask by area does not promise.
    Shapes: bool [H W] -> uint8 0/1 [height width].
    """
    shares = Image.fromarray(mask.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR)
    return (np.asarray(shares) > 0).astype(np.uint8)


def grown(box: Box, share: float) -> Box:
    """A box moved outwards on each side by a share of its longer side."""
    x1, y1, x2, y2 = box
    margin = share * max(x2 - x1, y2 - y1)
    return x1 - margin, y1 - margin, x2 + margin, y2 + margin


def background_tiles(
    width: int, height: int, box: Box, grow: float, least_side: float, per_strip: int
) -> Sequence[Window]:
    """Squares left of, right of, above and below the grown box, each as large as its strip is narrow.

    A strip reaches from rim to rim; its squares lie side by side from its start, at most `per_strip` of them.
    Source: spec §2.3 [D]. Units: pixels.
    """
    x1, y1, x2, y2 = grown(box, grow)
    left, top = min(max(0, floor(x1)), width), min(max(0, floor(y1)), height)
    right, bottom = max(0, min(width, ceil(x2))), max(0, min(height, ceil(y2)))
    strips = [
        Rectangle(0, 0, left, height),
        Rectangle(right, 0, width, height),
        Rectangle(0, 0, width, top),
        Rectangle(0, bottom, width, height),
    ]
    return [tile for strip in strips for tile in _tiles(strip, least_side, per_strip)]


def _tiles(strip: Rectangle, least_side: float, per_strip: int) -> list[Window]:
    across, down = strip.right - strip.left, strip.bottom - strip.top
    side = min(across, down)
    if side < 1 or side < least_side:
        return []
    count = min(per_strip, max(across, down) // side)
    step = (side, 0) if across > down else (0, side)
    return [Window(strip.left + place * step[0], strip.top + place * step[1], side) for place in range(count)]
