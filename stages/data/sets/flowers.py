"""The prepared flowers: photo stretched to a square, foreground by colour, and pixels that nobody labelled."""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.flowers import find_masks, find_photos, foreground, read_ids
from stages.data.image import decode, decode_mask, resize_bilinear
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import decoded, photo_of, walk_of
from stages.data.splits import count_facts

STEPS = ("found", "decode", "mask")


class Block(Base):
    """Parameters of the set."""

    size_px: int
    mask_rule: Literal["resize_then_equal", "equal_then_resize"]
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs tstid as train and trnid as test; valid is left unused. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    ids = read_ids(raw)
    base = find_photos(raw)
    masks = find_masks(raw, base)
    ledger = Ledger(STEPS, root=raw.root)
    side = block.size_px

    def row(key: str, photo: str) -> Row:
        content, digest, found = photo_of(raw, photo)
        image, number = decode(content), int(key.split("/")[1])
        place, mask = f"{masks}segmim/segmim_{number:05d}.jpg", None
        colours = decoded(raw, place, decode)
        if colours is not None:
            if colours.shape != image.shape:
                raise Refused(
                    "mask", "mask_size", f"photo {image.shape[:2]}, mask {colours.shape[:2]} (rows, columns)", place
                )
            mask = foreground(colours, side, block.mask_rule)
        elif key.startswith("test/"):
            raise Refused("mask", "no_mask", f"a test photo, but {place} is not there", place)
        told = {"masked": int(mask is not None)}
        row_extras = {"unlabelled": _unlabelled(raw, base, number, side, ledger)}
        return Row(key, resize_bilinear(image, side, side), mask, found, digest, row_extras, told)

    def complete(keys: list[str]) -> Index:
        ledger.check("flowers", block.minimum_kept, block.decode_error_limit)
        splits = [key.split("/")[0] for key in keys]
        counts = count_facts(splits, block.expected_counts)
        facts = {"mask_rule": block.mask_rule, "unused": len(ids["unused"]), **counts}
        return Index(splits, ("test",), {"masked": np.array(walk.told["masked"], np.int64)}, facts=facts)

    listed = [
        (f"{split}/{number:05d}", f"{base}jpg/image_{number:05d}.jpg")
        for split in ("test", "train")
        for number in ids[split]
    ]
    extras = {"unlabelled": Extra((side, side), "|u1")}
    walk = walk_of(listed, row, ledger, "flowers")
    pack(out, "flowers", side, True, walk, complete, ledger, extras, blank_masks=True, watch=watch)


def _unlabelled(raw: RawFolder, base: str, number: int, size_px: int, ledger: Ledger) -> np.ndarray:
    """Pixels that touch one without a label; Flowers 102 has none, sets converted to its layout may have them."""
    levels = decoded(raw, f"{base}unlabelled/unlabelled_{number:05d}.png", partial(decode_mask, note=ledger.note))
    if levels is None:
        return np.zeros((size_px, size_px), np.uint8)
    levels = levels.astype(np.uint8) * 255
    return (resize_bilinear(levels, size_px, size_px) > 0).astype(np.uint8)
