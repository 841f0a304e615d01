"""The prepared faces: CelebAMask-HQ with the union of 12 face parts as the hole."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data import celeba_lists as lists
from stages.data.celebamask import CelebAMaskHQ
from stages.data.image import ImageError, decode, resize, resize_mask
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder
from stages.data.splits import by_hash

STEPS = ("found", "decode", "mask", "partition")


class Block(Base):
    """Parameters of the face set."""

    size_px: int
    face_union: Literal["parts", "merged", "labels"]
    label_order: Literal["celebamask", "bisenet"]
    split: Literal["partition", "hash"]
    evaluation_splits: tuple[Literal["val", "test"], ...]
    evaluation_count: int
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the faces with identity labels where the lists allow. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    reader = CelebAMaskHQ.open(raw)
    partition = lists.read_partition(raw, reader.base) if block.split == "partition" else None
    identities = lists.read_identities(raw, reader.base)
    needs_mapping = partition is not None or identities is not None
    files = {i: row.original_file for i, row in lists.read_mapping(raw, reader.base).items()} if needs_mapping else {}
    ledger = Ledger(STEPS, root=raw.root)

    def complete(keys: list[str]) -> Index:
        ledger.check("face", block.minimum_kept, block.decode_error_limit)
        if partition is not None:
            splits, evaluation = [partition[files[int(key)]] for key in keys], block.evaluation_splits
        else:
            splits, evaluation = by_hash(keys, block.evaluation_count, "test"), ("test",)
        numbers = [identities.get(files.get(int(key), "")) if identities else None for key in keys]
        names = sorted({number for number in numbers if number is not None})
        place = {number: position for position, number in enumerate(names)}
        labels = np.array([-1 if number is None else place.get(number, -1) for number in numbers], np.int64)
        facts = {"face_union": block.face_union, "split": block.split, **_identity_facts(labels)}
        return Index(splits, evaluation, {"identity": labels}, {"identity": [str(number) for number in names]}, facts)

    images = _listed(reader, ledger)
    walk = Walk(images, len(images), partial(_row, block, reader, ledger, files, partition), "faces")
    pack(out, "face", block.size_px, True, walk, complete, ledger, watch=watch)


def _listed(reader: CelebAMaskHQ, ledger: Ledger) -> list[tuple[str, str]]:
    """(key, photo) of all faces; what lies beside them is rejected."""
    images, strange = reader.image_names()
    orphans, masks = reader.orphans(), reader.strange_masks()
    ledger.total = len(images) + len(strange) + len(masks) + len(orphans)
    for name in strange:
        ledger.reject(name, "found", "file_name", "expected <i>.jpg without leading zeros, each i once", name)
    for name in masks:
        ledger.reject(name, "found", "file_name", "expected <i:05d>_<part>.png, a part of the 18", name)
    for index in orphans:
        ledger.reject(
            _key(index), "found", "no_image", "part masks without an image", f"{reader.base}CelebA-HQ-img/{index}.jpg"
        )
    return [(_key(index), name) for index, name in images.items()]


def _row(
    block: Block,
    reader: CelebAMaskHQ,
    ledger: Ledger,
    files: dict[int, str],
    partition: dict[str, str] | None,
    key: str,
    name: str,
) -> Row:
    index = int(key)
    content = reader.raw.read(name)
    image = decode(content)
    try:
        mask = reader.face_mask(index, block.face_union, block.label_order, ledger.note)
        if mask.shape[0] * image.shape[1] != mask.shape[1] * image.shape[0]:
            sizes = f"image {image.shape[1]} x {image.shape[0]}, mask {mask.shape[1]} x {mask.shape[0]}"
            raise ImageError("mask_size", f"expected masks of the image's aspect, came {sizes}")
        hole = resize_mask(mask, block.size_px, block.size_px)
        if not hole.any():
            raise ImageError("empty_mask", f"no face pixel at {block.size_px} px")
    except ImageError as error:
        place = reader.mask_place(index, block.face_union)
        raise Refused("mask", error.reason, error.detail, place) from error
    if partition is not None and index not in files:
        raise Refused("partition", "no_mapping", "no row in the mapping to CelebA, hence no partition")
    if partition is not None and files[index] not in partition:
        raise Refused("partition", "no_partition", f"{files[index]} has no line in the partition")
    return Row(key, resize(image, block.size_px, block.size_px), hole, name, hashlib.sha256(content).hexdigest())


def _key(index: int) -> str:
    return f"{index:05d}"


def _identity_facts(labels: np.ndarray) -> dict[str, int]:
    counts = np.bincount(labels[labels >= 0])
    several = counts[counts >= 2]
    return {"identities": len(counts), "identities_with_two": len(several), "images_with_two": int(several.sum())}
