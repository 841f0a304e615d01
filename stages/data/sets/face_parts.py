"""The prepared CelebAMask-HQ for painting faces from their parts: photos with 19 class numbers, 0 = background."""

from pathlib import Path

import numpy as np

from stages.data.celebamask import PARTS, CelebAMaskHQ, merge_parts
from stages.data.image import ImageError
from stages.data.layout import beside
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.walk import walk_of
from stages.data.sets.wide import WideBlock, picture_extra, picture_of, refused, square, square_labels
from stages.data.splits import by_hash, count_facts

STEPS = ("found", "decode", "labels", "split")
KINDS = ("bare", "glasses", "hat")


class Block(WideBlock):
    """Parameters of the set; without train.txt and val.txt `test_count` faces test and `teach_count` teach judges."""

    glasses_on_top: bool
    painted_first: tuple[str, ...]
    test_count: int
    teach_count: int


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all faces with part masks. Raises: FileNotFoundError, ValueError."""
    if strangers := sorted(set(block.painted_first) - set(PARTS)):
        raise ValueError(f"face_parts.painted_first: expected some of {PARTS}, came {strangers}")
    raw = RawFolder.open(inputs["raw"])
    reader = CelebAMaskHQ.open(raw)
    images, strange = reader.image_names()
    lists = read_lists(raw, reader.base)
    ledger = Ledger(STEPS, root=raw.root)

    def row(key: str, name: str) -> Row:
        if not key.isdecimal():
            raise Refused("found", "file_name", "expected <i>.jpg without leading zeros, each i once")
        if lists is not None and int(key) not in lists:
            raise Refused("split", "not_listed", "in neither train.txt nor val.txt")
        image, digest, found = picture_of(raw, name)
        labels = _labels(reader, int(key), block)
        if labels.shape[0] * image.shape[1] != labels.shape[1] * image.shape[0]:
            raise Refused("labels", "label_size", f"photo {image.shape[:2]}, masks {labels.shape} (rows, columns)")
        further = {
            "wide": square(image, block.wide_px),
            "labels": square_labels(labels, block.size_px),
            "wide_labels": square_labels(labels, block.wide_px),
        }
        return Row(key, square(image, block.size_px), None, found, digest, further, {"kind": _kind(labels)})

    def complete(keys: list[str]) -> Index:
        ledger.check("face_parts", block.minimum_kept, block.decode_error_limit)
        splits = [lists[int(key)] for key in keys] if lists else _split(keys, block)
        facts = {"wide_px": block.wide_px, "classes": ["background", *PARTS], "glasses_on_top": block.glasses_on_top,
                 "split": "lists" if lists else "hash", **count_facts(splits, block.expected_counts)}  # fmt: skip
        return Index(splits, ("test",), {"kind": np.array(walk.told["kind"], np.int64)}, {"kind": list(KINDS)}, facts)

    listed = [(f"{index:05d}", name) for index, name in images.items()] + [(path, path) for path in strange]
    listed += [(f"{index:05d}", "") for index in reader.orphans()]
    walk = walk_of(sorted(listed), row, ledger, "faces")
    extras = picture_extra(block) | {
        "labels": Extra((block.size_px, block.size_px), "|u1"),
        "wide_labels": Extra((block.wide_px, block.wide_px), "|u1"),
    }
    pack(out, "face_parts", block.size_px, False, walk, complete, ledger, extras, watch=watch)


def read_lists(raw: RawFolder, base: str) -> dict[int, str] | None:
    """{i: train or test} of train.txt and val.txt; None where there is neither.

    Raises: ValueError for one without the other, a line that is no number, or a number that comes twice.
    """
    places = {split: beside(raw, base, name) for split, name in (("train", "train.txt"), ("test", "val.txt"))}
    if not any(places.values()):
        return None
    found: dict[int, str] = {}
    for split, place in places.items():
        if place is None:
            raise ValueError(
                f"{raw.root}: expected train.txt and val.txt, came one of them; add the other, or remove it"
            )
        for number, line in enumerate(raw.text(place).split(), 1):
            if not line.isdecimal() or int(line) in found:
                raise ValueError(f"{raw.root / place}, entry {number}: expected a new number of a photo, came {line!r}")
            found[int(line)] = split
    return found


def _labels(reader: CelebAMaskHQ, index: int, block: Block) -> np.ndarray:
    try:
        parts = reader.parts(index)
        if not parts:
            raise ImageError("no_labels", f"expected part masks of {index:05d}, came none")
        return merge_parts(parts, block.glasses_on_top, block.painted_first)
    except ImageError as error:
        raise refused(error, "labels", reader.mask_place(index, "parts")) from error


def _kind(labels: np.ndarray) -> int:
    for kind, part in ((2, "hat"), (1, "eye_g")):
        if (labels == PARTS.index(part) + 1).any():
            return kind
    return 0


def _split(keys: list[str], block: Block) -> list[str]:
    """Test and teach faces by hash; the rest trains."""
    splits = by_hash(keys, block.test_count, "test")
    if block.teach_count:
        rest = [key for key, split in zip(keys, splits, strict=True) if split == "train"]
        taught = dict(zip(rest, by_hash(rest, block.teach_count, "teach"), strict=True))
        splits = [taught.get(key, split) for key, split in zip(keys, splits, strict=True)]
    return splits
