"""The prepared DeepFashion: people with 18 joints; the condition is drawn from them once a window is cut."""

from pathlib import Path

import numpy as np

from stages.data.deepfashion import JOINTS, read_joints, read_listed
from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import walk_of
from stages.data.sets.wide import (
    UNKNOWN,
    WideBlock,
    kinds_of,
    picture_extra,
    picture_of,
    refused,
    same_size,
    square,
    square_labels,
)
from stages.data.splits import count_facts
from stages.data.truth import read_kinds, read_map

STEPS = ("found", "decode", "pose", "labels")
SPLITS = {"train": "train", "val": "test", "teach": "teach"}


class Block(WideBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all listed photos with the joints of one person.

    joints.npy: float32 [18 2] (x, y) in shares of the photo's width and height, NaN = not seen.
    Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])
    items = {f"{SPLITS[listed.split]}/{listed.name}": listed for listed in read_listed(raw)}
    kinds = read_kinds(raw)
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, name: str) -> Row:
        image, digest, found = picture_of(raw, name)
        try:
            joints = read_joints(raw, items[key])
        except ImageError as error:
            raise refused(error, "pose", items[key].pose) from error
        where = read_map(raw, found)
        truth = np.full((block.size_px, block.size_px), UNKNOWN, np.uint8)
        if where is not None:
            same_size(image, where)
            truth = square_labels(where, block.size_px)
        shares = joints / np.array(image.shape[1::-1], np.float32)
        further = {"wide": square(image, block.wide_px), "joints": shares, "truth": truth}
        return Row(key, square(image, block.size_px), None, found, digest, further, {"picture": found})

    def complete(keys: list[str]) -> Index:
        ledger.check("people", block.minimum_kept, block.decode_error_limit)
        splits = [key.partition("/")[0] for key in keys]
        numbers, names = kinds_of(walk.told["picture"], kinds)
        facts = {"wide_px": block.wide_px, **count_facts(splits, block.expected_counts)}
        return Index(splits, ("test",), {"kind": numbers}, {"kind": names}, facts)

    listed = sorted((key, item.photo) for key, item in items.items())
    walk = walk_of(listed, row, ledger, "photos")
    extras = picture_extra(block) | {
        "joints": Extra((JOINTS, 2), "<f4"),
        "truth": Extra((block.size_px, block.size_px), "|u1"),
    }
    pack(out, "people", block.size_px, False, walk, complete, ledger, extras, watch=watch)
