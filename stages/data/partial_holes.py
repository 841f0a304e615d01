"""Holes that cover only a part of an object: boxes from part masks, or from the object's mask."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from stages.data.image import ImageError
from stages.data.prepared.crop import box_mask, tight_box
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.data.prepared.walk import Watch

STEPS = ("chosen", "hole")
GRID = 256  # the side, in pixels, at which lengths are said in the parameters
Box = tuple[int, int, int, int]


def clipped(left: float, top: float, right: float, bottom: float, side: int) -> Box:
    """The smallest box of whole pixels around real limits (right and bottom excluded), inside the picture.

    Shapes: -> (x1, y1, x2, y2), limits inclusive, at least one pixel.
    """
    x1, y1 = (min(max(int(np.floor(value)), 0), side - 1) for value in (left, top))
    x2, y2 = (min(max(int(np.ceil(value)) - 1, 0), side - 1) for value in (right, bottom))
    return x1, y1, max(x1, x2), max(y1, y2)


def part_box(mask: np.ndarray, kernel_px: int, side: int) -> Box:
    """The box around parts in a picture of `side` pixels, grown on each side by (kernel - 1) / 2 of 256, at least 1 px.

    Source: spec §8.6 (dilated box, k = 15 at 256; gap G16). Shapes: bool [H W], H = W.
    Raises: ImageError for an empty mask.
    """
    box = tight_box(mask)
    if box is None:
        raise ImageError("no_part", "expected at least one pixel of the parts, came none")
    grow = max(1, round((kernel_px - 1) / 2 * side / GRID))
    scale = side / len(mask)
    x1, y1, x2, y2 = clipped(box[0] * scale, box[1] * scale, (box[2] + 1) * scale, (box[3] + 1) * scale, side)
    return max(0, x1 - grow), max(0, y1 - grow), min(side - 1, x2 + grow), min(side - 1, y2 + grow)


def central_box(mask: np.ndarray, area_share: float) -> Box:
    """A box of the mask's box's aspect and `area_share` of its area, centred on the mask's centroid.

    Source: spec §8.6 (part of a bird; gap G16). Shapes: bool [R R]. Raises: ImageError for an empty mask.
    """
    box = tight_box(mask)
    if box is None:
        raise ImageError("empty_mask", "expected a mask with at least one pixel, came none")
    rows, columns = np.nonzero(mask)
    scale = area_share**0.5 / 2
    width, height = (box[2] - box[0] + 1) * scale, (box[3] - box[1] + 1) * scale
    x, y = columns.mean() + 0.5, rows.mean() + 0.5
    return clipped(x - width, y - height, x + width, y + height, len(mask))


def front_box(mask: np.ndarray, front_share: float, lower_share: float) -> Box:
    """The lower part of a car's front: the end of its box that has less of the car in its upper half, as bonnets do.

    Source: spec §8.6 (lamps and grill; gap G16: LSUN has no part labels, so a low tail is taken for a bonnet).
    Shapes: bool [R R]. Raises: ImageError for an empty mask.
    """
    box = tight_box(mask)
    if box is None:
        raise ImageError("empty_mask", "expected a mask with at least one pixel, came none")
    x1, y1, x2, y2 = box
    width, height = x2 - x1 + 1, y2 - y1 + 1
    end = max(1, round(front_share * width))
    upper = mask[y1 : y1 + max(1, height // 2)]
    left, right = upper[:, x1 : x1 + end].sum(), upper[:, x2 + 1 - end : x2 + 1].sum()
    start = x1 if left <= right else x2 + 1 - end
    lower = max(1, round(lower_share * height))
    return start, y2 + 1 - lower, start + end - 1, y2


def pack(
    data: Packed,
    kind: str,
    count: int,
    box_of: Callable[[int], Box],
    out: Path,
    watch: Watch | None = None,
) -> None:
    """Writes a packed set of `count` evaluation images of `data`, evenly spread, whose masks are the boxes.

    It keeps the name of `data`, so that models of that set may fill it. Raises: ValueError where no hole is left.
    """
    positions = data.positions("evaluation")
    chosen = positions[np.arange(min(count, len(positions))) * len(positions) // min(count, len(positions))]
    ledger = Ledger(STEPS, total=len(chosen))
    side = data.card["size_px"]

    def rows() -> Iterator[Row]:
        for done, position in enumerate(chosen.tolist(), 1):
            beside = (str(data.column("source")[position]), str(data.column("digest")[position]))
            try:
                mask = box_mask(box_of(position), side, side)
            except ImageError as error:
                ledger.reject(data.keys[position], "hole", error.reason, error.detail)
            else:
                yield Row(data.keys[position], np.array(data.images[position]), mask, *beside)
            if watch:
                watch.progress(done, len(chosen), kind)

    def complete(keys: list[str]) -> Index:
        if not keys:
            raise ValueError(f"{kind}: no image of {data.folder} has such a hole; rejects: {ledger.reasons()}")
        return Index(["test"] * len(keys), ("test",), facts={"hole": kind, "of": data.card["name"]}, training=())

    write_packed(out, data.card["name"], side, True, rows(), complete, ledger)
