"""The faces that models train on: the prepared CelebAMask-HQ faces and, beside them, FFHQ's."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.ffhq import FFHQ
from stages.data.image import ImageError, decode, resize, resize_mask
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Packed, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder

STEPS = ("found", "category", "decode", "mask")
ABSENT = "absent.json"
PREFIX = "ffhq_"


class Block(Base):
    """Parameters of the joined set. FFHQ's photos only train; without `use_ffhq` the set is `face`'s own."""

    size_px: int
    use_ffhq: bool
    label_order: Literal["celebamask", "bisenet"]
    categories: tuple[Literal["training", "validation"], ...]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs both sets: faces first with their splits and identities, then FFHQ's training photos.

    Source: supp §2 (extra training data from FFHQ), spec §2.3 (gap G19).
    Raises: FileNotFoundError, ValueError.
    """
    faces = Packed.open(inputs["face"])
    if faces.card["size_px"] != block.size_px:
        raise ValueError(f"{inputs['face']}: expected {block.size_px} px (faces.size_px), came {faces.card['size_px']}")
    raw = RawFolder.open(inputs["ffhq"]) if block.use_ffhq else None
    ledger = Ledger(STEPS, root=raw.root if raw else Path())

    def complete(keys: list[str]) -> Index:
        added = len(keys) - len(faces)
        if block.use_ffhq:
            ledger.check("faces (ffhq)", block.minimum_kept, block.decode_error_limit)
        splits = [*faces.column("split").tolist(), *["train"] * added]
        identity = np.concatenate([faces.column("identity"), np.full(added, -1, np.int64)])
        facts = {**faces.card["facts"], "ffhq": added, "label_order": block.label_order if block.use_ffhq else "none"}
        names = {"identity": faces.card["labels"]["identity"]}
        return Index(splits, tuple(faces.card["evaluation"]), {"identity": identity}, names, facts)

    kept = [(key, "", place) for place, key in enumerate(faces.keys)]
    added, extra = ([], None) if raw is None else _extra(block, raw, ledger)

    def row(key: str, source: str, place: int) -> Row:
        if place >= 0:
            beside = (str(faces.column("source")[place]), str(faces.column("digest")[place]))
            return Row(key, np.array(faces.images[place]), np.array(faces.needed_masks()[place]), *beside)
        assert extra is not None, "FFHQ's photos are listed where the set uses them"
        return extra(key, source)

    walk = Walk([*kept, *added], len(kept) + len(added), row, "faces")
    pack(out, "face", block.size_px, True, walk, complete, ledger, watch=watch)


def _extra(
    block: Block, raw: RawFolder, ledger: Ledger
) -> tuple[list[tuple[str, str, int]], Callable[[str, str], Row]]:
    """FFHQ's photos, whose keys sort behind CelebAMask-HQ's numbers, and what makes the row of one."""
    if raw.exists(ABSENT):
        raise FileNotFoundError(
            "faces.use_ffhq is true, but supply.ffhq.supply is none: supply FFHQ, or set use_ffhq to false"
        )
    reader = FFHQ.open(raw)
    images, strange = reader.image_names()
    categories = reader.categories()
    ledger.total = len(images) + len(strange)
    for name in strange:
        ledger.reject(name, "found", "file_name", "expected images1024x1024/<thousand>/<i:05d>.png", name)

    def row(key: str, name: str) -> Row:
        index = int(key.removeprefix(PREFIX))
        if categories.get(index) not in block.categories:
            found = categories.get(index, "no category")
            raise Refused("category", "category", f"{found} is not in {block.categories}")
        content = raw.read(name)
        image = decode(content)
        try:
            mask = reader.face_mask(index, block.label_order)
            if mask.shape[0] * image.shape[1] != mask.shape[1] * image.shape[0]:
                sizes = f"image {image.shape[1]} x {image.shape[0]}, labels {mask.shape[1]} x {mask.shape[0]}"
                raise ImageError("mask_size", f"expected labels of the image's aspect, came {sizes}")
            hole = resize_mask(mask, block.size_px, block.size_px)
            if not hole.any():
                raise ImageError("empty_mask", f"no face pixel at {block.size_px} px")
        except ImageError as error:
            raise Refused("mask", error.reason, error.detail, reader.mask_place(index)) from error
        digest = hashlib.sha256(content).hexdigest()
        return Row(key, resize(image, block.size_px, block.size_px), hole, name, digest)

    return [(f"{PREFIX}{index:05d}", name, -1) for index, name in images.items()], row
