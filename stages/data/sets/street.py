"""The prepared Cityscapes: photos are domain A, their classes in the official colours domain B; truth is train ids."""

from pathlib import Path
from typing import Literal

import numpy as np

from stages.data.cityscapes import Frame, read_frames, read_labels
from stages.data.cityscapes_labels import TRAIN_NAMES
from stages.data.image import ImageError
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Extra, Index, Row, pack
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.two_domains import EVALUATION, STEPS, TRAINING, domain_labels
from stages.data.sets.walk import walk_of
from stages.data.sets.wide import (
    WideBlock,
    digest_of,
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

SPLITS = {"train": "train", "val": "test", "teach": "teach"}


class Block(WideBlock):
    """Parameters of the set; `label_resample`: how colours of classes are resized, bicubic mixes them at edges."""

    label_resample: Literal["bicubic", "nearest"]


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs each frame twice, as a photo and as colours; a frame that lacks one of them is in neither domain.

    Source: code (CUT's preparation: both squashed to a square, the official val split tests), spec §2.1.
    Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])
    frames, strange = read_frames(raw)
    kinds = read_kinds(raw)
    ledger = Ledger(STEPS, root=raw.root)
    items = {f"{SPLITS[frame.split]}{domain}/{frame.name}": frame for frame in frames for domain in "AB"}
    lost: dict[str, Refused] = {}  # all photos come before all colours, by the order of keys

    def row(key: str, name: str) -> Row:
        if key not in items:
            raise Refused("found", "file_name", "expected <city>_<6 digits>_<6 digits>_leftImg8bit.png")
        frame = items[key]
        photo_key = f"{SPLITS[frame.split]}A/{frame.name}"
        if photo_key in lost:
            raise lost[photo_key]
        return _photo(raw, frame, block, key) if key == photo_key else _colours(raw, frame, block, key)

    def complete(keys: list[str]) -> Index:
        ledger.check("street", block.minimum_kept, block.decode_error_limit)
        splits = [key.partition("/")[0] for key in keys]
        numbers, names = kinds_of(walk.told["picture"], kinds)
        labels, values = domain_labels(splits, numbers, names)
        facts = {"wide_px": block.wide_px, "label_resample": block.label_resample, "classes": list(TRAIN_NAMES)}
        counts = count_facts(splits, block.expected_counts)
        return Index(splits, EVALUATION, labels, values, facts | counts, training=TRAINING)

    listed = [(key, frame.photo or frame.labels or frame.colours) for key, frame in items.items()]
    walk = walk_of(sorted(listed + [(path, path) for path in strange]), row, ledger, "frames")
    walk.heard = lost.__setitem__
    extras = picture_extra(block) | {"truth": Extra((block.size_px, block.size_px), "|u1")}
    pack(out, "street", block.size_px, False, walk, complete, ledger, extras, watch=watch)


def _photo(raw: RawFolder, frame: Frame, block: Block, key: str) -> Row:
    image, digest, found = picture_of(raw, frame.photo)
    truth, _ = _labels(raw, frame)
    same_size(image, truth)
    further = {"wide": square(image, block.wide_px), "truth": square_labels(truth, block.size_px)}
    return Row(key, square(image, block.size_px), None, found, digest, further, {"picture": frame.photo})


def _colours(raw: RawFolder, frame: Frame, block: Block, key: str) -> Row:
    truth, colours = _labels(raw, frame)
    resized = square if block.label_resample == "bicubic" else square_labels
    source = frame.colours or frame.labels
    further = {"wide": resized(colours, block.wide_px), "truth": square_labels(truth, block.size_px)}
    told = {"picture": frame.photo}
    return Row(key, resized(colours, block.size_px), None, source, digest_of(raw.read(source)), further, told)


def _labels(raw: RawFolder, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
    try:
        return read_labels(raw, frame)
    except ImageError as error:
        raise refused(error, "labels", frame.labels or frame.colours or frame.photo) from error
