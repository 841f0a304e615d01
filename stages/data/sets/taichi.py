"""The prepared Taichi frames: joints of the frames that have some, masks of the test frames."""

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.image import decode, decode_channel, resize_bilinear
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import decoded, photo_of, walk_of
from stages.data.splits import count_facts
from stages.data.taichi import (
    FOLDERS,
    JOINTS,
    find_base,
    find_frames,
    find_masks,
    foreground,
    read_joints,
    train_frames,
)

STEPS = ("found", "decode", "mask")
UNKNOWN = np.full((JOINTS, 2), np.nan, np.float32)


class Block(Base):
    """Parameters of the set."""

    size_px: int
    mask_binarise: Literal["truncate", "half"]
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs training frames, frames to fit joints on, and test frames. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    base = find_base(raw)
    joints = {split: read_joints(raw, base, split) for split in FOLDERS}
    frames = {split: find_frames(raw, base, split) for split in FOLDERS}
    masks = find_masks(raw, base)
    ledger = Ledger(STEPS, root=raw.root)
    side = block.size_px

    def row(key: str, name: str) -> Row:
        split, _, file = key.partition("/")
        content, digest, found = photo_of(raw, name)
        image = decode(content)
        mask = _mask(raw, masks + file, image, block, ledger) if split == "test" else None
        points = UNKNOWN if split == "train" else joints[split][file]
        told = {"masked": int(mask is not None)}
        return Row(key, resize_bilinear(image, side, side), mask, found, digest, {"landmarks": points}, told)

    def complete(keys: list[str]) -> Index:
        ledger.check("taichi", block.minimum_kept, block.decode_error_limit)
        splits = [key.split("/")[0] for key in keys]
        facts = {"mask_binarise": block.mask_binarise, **count_facts(splits, block.expected_counts)}
        return Index(splits, ("test",), {"masked": np.array(walk.told["masked"], np.int64)}, facts=facts)

    listed = [(f"{split}/{file}", frames[split] + file) for split in FOLDERS for file in joints[split]]
    listed += [(f"train/{name}", f"{base}train/{name}") for name in train_frames(raw, base)]
    extras = {"landmarks": Extra((JOINTS, 2), "<f4")}
    walk = walk_of(sorted(listed), row, ledger, "frames")
    pack(out, "taichi", side, True, walk, complete, ledger, extras, blank_masks=True, watch=watch)


def _mask(raw: RawFolder, name: str, image: np.ndarray, block: Block, ledger: Ledger) -> np.ndarray:
    levels = decoded(raw, name, partial(decode_channel, note=ledger.note))
    if levels is None:
        raise Refused("mask", "no_mask", f"a test frame, but {name} is not there", name)
    if levels.shape != image.shape[:2]:
        raise Refused("mask", "mask_size", f"frame {image.shape[:2]}, mask {levels.shape} (rows, columns)", name)
    return foreground(levels, block.size_px, block.mask_binarise)
