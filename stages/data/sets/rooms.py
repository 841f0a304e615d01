"""The prepared ADE20K: photos with class numbers, 0 up for the classes that are used, then one number for the rest."""

from pathlib import Path

import numpy as np

from stages.data.ade20k import read_numbers, read_photos
from stages.data.ade20k_labels import CLASSES
from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import walk_of
from stages.data.sets.wide import (
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
from stages.data.truth import read_kinds

STEPS = ("found", "decode", "labels")
SPLITS = {"train": "train", "val": "test", "teach": "teach"}


class Block(WideBlock):
    """Parameters of the set; `classes`: labels of the files that are used, in this order, or none for all 150."""

    classes: tuple[int, ...]


def table_of(classes: tuple[int, ...]) -> np.ndarray:
    """The packed number of each of the reader's (0 to 149, 150 unknown). Shapes: -> uint8 [151].

    Raises: ValueError for a label that is not 1 to 150, or comes twice.
    """
    if len(set(classes)) != len(classes) or not all(1 <= label <= CLASSES for label in classes):
        raise ValueError(f"rooms.classes: expected labels 1 to {CLASSES}, each once, came {classes}")
    if not classes:
        return np.arange(CLASSES + 1, dtype=np.uint8)
    table = np.full(CLASSES + 1, len(classes), np.uint8)
    table[np.array(classes) - 1] = np.arange(len(classes))
    return table


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all photos that have a label map. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    photos, strange = read_photos(raw)
    kinds, table = read_kinds(raw), table_of(block.classes)
    ledger = Ledger(STEPS, root=raw.root)
    items = {f"{SPLITS[photo.split]}/{photo.name}": photo for photo in photos}

    def row(key: str, name: str) -> Row:
        if key not in items:
            raise Refused("found", "file_name", "expected ADE_{train,val}_<8 digits>.jpg")
        image, digest, found = picture_of(raw, items[key].photo)
        try:
            labels = table[read_numbers(raw, items[key])]
        except ImageError as error:
            raise refused(error, "labels", items[key].labels or f"{items[key].name}.png") from error
        same_size(image, labels)
        further = {
            "wide": square(image, block.wide_px),
            "labels": square_labels(labels, block.size_px),
            "wide_labels": square_labels(labels, block.wide_px),
        }
        return Row(key, square(image, block.size_px), None, found, digest, further, {"picture": found})

    def complete(keys: list[str]) -> Index:
        ledger.check("rooms", block.minimum_kept, block.decode_error_limit)
        splits = [key.partition("/")[0] for key in keys]
        numbers, names = kinds_of(walk.told["picture"], kinds)
        facts = {"wide_px": block.wide_px, "classes": list(block.classes) or list(range(1, CLASSES + 1))}
        counts = count_facts(splits, block.expected_counts)
        return Index(splits, ("test",), {"kind": numbers}, {"kind": names}, facts | counts)

    listed = [(key, photo.photo or photo.labels) for key, photo in items.items()]
    walk = walk_of(sorted(listed + [(path, path) for path in strange]), row, ledger, "photos")
    extras = picture_extra(block) | {
        "labels": Extra((block.size_px, block.size_px), "|u1"),
        "wide_labels": Extra((block.wide_px, block.wide_px), "|u1"),
    }
    pack(out, "rooms", block.size_px, False, walk, complete, ledger, extras, watch=watch)
