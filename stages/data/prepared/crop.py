"""Boxes of masks and the square crop around an object."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Window:
    """A square of `side` pixels whose top left pixel is (left, top)."""

    left: int
    top: int
    side: int

    def cut(self, array: np.ndarray) -> np.ndarray:
        """Shapes: [H W ...] -> [side side ...]."""
        return array[self.top : self.top + self.side, self.left : self.left + self.side]


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int] | None:
    """(x1, y1, x2, y2) of the mask's pixels, limits inclusive; None for an empty mask. Shapes: [H W]."""
    columns = np.flatnonzero(mask.any(axis=0))
    rows = np.flatnonzero(mask.any(axis=1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]), int(rows[-1])


def box_mask(box: tuple[int, int, int, int], height: int, width: int) -> np.ndarray:
    """The filled box, limits inclusive. Shapes: -> uint8 0/1 [height width]."""
    mask = np.zeros((height, width), np.uint8)
    mask[box[1] : box[3] + 1, box[0] : box[2] + 1] = 1
    return mask


def square_window(width: int, height: int, box: tuple[int, int, int, int]) -> Window:
    """The largest square in the image, centred on the box as far as the image allows. Source: spec §2.4 (gap G7)."""
    side = min(width, height)
    left = _centred(box[0], box[2], side, width)
    top = _centred(box[1], box[3], side, height)
    return Window(left, top, side)


def object_window(mask: np.ndarray) -> tuple[Window, float]:
    """The square crop for an object, and the share of its mask that lies inside.

    The crop is centred on the object's box; where the box does not fit, it covers as much of the mask as possible
    (of equal crops the one nearest to the centred one).
    Source: spec §2.4 (gap G7). Shapes: [H W]. Raises: ValueError for an empty mask.
    """
    box = tight_box(mask)
    if box is None:
        raise ValueError("expected a mask with at least one pixel, came an empty mask")
    height, width = mask.shape
    window = square_window(width, height, box)
    left, top, side = window.left, window.top, window.side
    if box[2] - box[0] + 1 > side:
        left = _best(mask.sum(axis=0), side, left)
    if box[3] - box[1] + 1 > side:
        top = _best(mask.sum(axis=1), side, top)
    window = Window(left, top, side)
    return window, float(np.count_nonzero(window.cut(mask)) / np.count_nonzero(mask))


def box_coverage(mask: np.ndarray) -> float:
    """Share of the picture that the mask's tight box covers. Shapes: [H W]."""
    box = tight_box(mask)
    if box is None:
        return 0.0
    return (box[2] - box[0] + 1) * (box[3] - box[1] + 1) / mask.size


def _centred(low: int, high: int, side: int, length: int) -> int:
    # Integer arithmetic that keeps an object no larger than the side inside the window.
    start = low - (side - (high - low + 1)) // 2
    return min(max(start, 0), length - side)


def _best(counts: np.ndarray, side: int, centred: int) -> int:
    total = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    inside = total[side:] - total[:-side]
    starts = np.flatnonzero(inside == inside.max())
    return int(starts[np.argmin(np.abs(starts - centred))])
