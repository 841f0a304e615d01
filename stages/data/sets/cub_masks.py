"""The prepared CUB birds with foreground masks: photo and mask stretched to a square; species by class folder."""

from functools import partial
from pathlib import Path

import numpy as np

from stages.block import Block as Base
from stages.data.cub_masks import find_masks, mask_name, read_split
from stages.data.image import decode, decode_channel, resize_bilinear
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import decoded, photo_of, walk_of
from stages.data.splits import count_facts

STEPS = ("found", "decode", "mask")


class Block(Base):
    """Parameters of the set."""

    size_px: int
    expected_counts: dict[str, int]
    minimum_kept: int
    decode_error_limit: float


def stretched_mask(levels: np.ndarray, size_px: int) -> np.ndarray:
    """Resized bilinearly, then above the middle level, 127.5.

    Source: code, spec §2.2. Shapes: uint8 [H W] -> uint8 0/1 [S S].
    """
    return (resize_bilinear(levels, size_px, size_px) > 127).astype(np.uint8)


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the photos of the splits train and test; val is left unused, as in ReDO.

    Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])
    base, splits = read_split(raw)
    masks = find_masks(raw, base)
    ledger = Ledger(STEPS, root=raw.root)
    species = sorted({name.split("/")[0] for name in splits})

    def row(key: str, photo: str) -> Row:
        content, digest, found = photo_of(raw, photo)
        image = decode(content)
        place, mask = mask_name(masks, photo.removeprefix(f"{base}images/")), None
        levels = decoded(raw, place, partial(decode_channel, note=ledger.note))
        if levels is not None:
            if levels.shape != image.shape[:2]:
                raise Refused(
                    "mask", "mask_size", f"photo {image.shape[:2]}, mask {levels.shape} (rows, columns)", place
                )
            mask = stretched_mask(levels, block.size_px)
        elif key.startswith("test/"):
            raise Refused("mask", "no_mask", f"a test photo, but {place} is not there", place)
        told = {"masked": int(mask is not None)}
        return Row(key, resize_bilinear(image, block.size_px, block.size_px), mask, found, digest, told=told)

    def complete(keys: list[str]) -> Index:
        ledger.check("cub_masks", block.minimum_kept, block.decode_error_limit)
        kept = [key.split("/")[0] for key in keys]
        facts = {"unused": list(splits.values()).count("val"), **count_facts(kept, block.expected_counts)}
        kinds = [species.index(key.split("/")[1]) for key in keys]
        labels = {"masked": np.array(walk.told["masked"], np.int64), "species": np.array(kinds, np.int64)}
        return Index(kept, ("test",), labels, {"species": species}, facts)

    listed = sorted((f"{split}/{name}", f"{base}images/{name}") for name, split in splits.items() if split != "val")
    walk = walk_of(listed, row, ledger, "birds")
    pack(out, "cub_masks", block.size_px, True, walk, complete, ledger, blank_masks=True, watch=watch)
