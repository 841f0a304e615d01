"""The prepared flowers: photo stretched to a square, foreground by colour, and pixels that nobody labelled."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.flowers import foreground, read_ids
from stages.data.image import decode, decode_mask, resize_bilinear
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, write_packed
from stages.data.raw import RawFolder
from stages.data.sets.walk import photo_of, rows_of
from stages.data.splits import count_facts

STEPS = ("found", "decode", "mask")


class Block(Base):
    """Parameters of the set."""

    size_px: int
    mask_rule: Literal["resize_then_equal", "equal_then_resize"]
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
    """Packs tstid as train and trnid as test; valid is left unused. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    ids = read_ids(raw)
    ledger = Ledger(STEPS)
    masked: list[int] = []
    side = block.size_px

    def row(key: str, number: int) -> Row:
        name = f"jpg/image_{number:05d}.jpg"
        content, digest = photo_of(raw, name)
        image = decode(content)
        place, mask = f"segmim/segmim_{number:05d}.jpg", None
        if raw.exists(place):
            colours = decode(raw.read(place))
            if colours.shape != image.shape:
                raise Refused("mask", "mask_size", f"photo {image.shape[:2]}, mask {colours.shape[:2]} (rows, columns)")
            mask = foreground(colours, side, block.mask_rule)
        elif key.startswith("test/"):
            raise Refused("mask", "no_mask", f"a test photo, but {place} is not there")
        masked.append(int(mask is not None))
        row_extras = {"unlabelled": _unlabelled(raw, number, side)}
        return Row(key, resize_bilinear(image, side, side), mask, name, digest, row_extras)

    def complete(keys: list[str]) -> Index:
        ledger.check("flowers", block.minimum_kept, block.decode_error_limit)
        splits = [key.split("/")[0] for key in keys]
        counts = count_facts(splits, block.expected_counts)
        facts = {"mask_rule": block.mask_rule, "unused": len(ids["unused"]), **counts}
        return Index(splits, ("test",), {"masked": np.array(masked, np.int64)}, facts=facts)

    listed = [(f"{split}/{number:05d}", number) for split in ("test", "train") for number in ids[split]]
    extras = {"unlabelled": Extra((side, side), "|u1")}
    rows = rows_of(listed, row, ledger, progress, "flowers")
    write_packed(out, "flowers", side, True, rows, complete, ledger, extras, blank_masks=True)


def _unlabelled(raw: RawFolder, number: int, size_px: int) -> np.ndarray:
    """Pixels that touch one without a label; Flowers 102 has none, sets converted to its layout may have them."""
    name = f"unlabelled/unlabelled_{number:05d}.png"
    if not raw.exists(name):
        return np.zeros((size_px, size_px), np.uint8)
    levels = decode_mask(raw.read(name)).astype(np.uint8) * 255
    return (resize_bilinear(levels, size_px, size_px) > 0).astype(np.uint8)
