"""The faces that models train on: the prepared CelebAMask-HQ faces and, beside them, FFHQ's."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.ffhq import FFHQ
from stages.data.image import ImageError, decode, resize, resize_mask
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.data.raw import RawFolder

STEPS = ("found", "category", "decode", "mask")
ABSENT = "absent.json"


class Block(Base):
    """Parameters of the joined set. FFHQ's photos only train; without `use_ffhq` the set is `face`'s own."""

    size_px: int
    use_ffhq: bool
    label_order: Literal["celebamask", "bisenet"]
    categories: tuple[Literal["training", "validation"], ...]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
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

    write_packed(out, "face", block.size_px, True, _rows(block, faces, raw, ledger, progress), complete, ledger)


def _rows(
    block: Block, faces: Packed, raw: RawFolder | None, ledger: Ledger, progress: Callable | None
) -> Iterator[Row]:
    for place, key in enumerate(faces.keys):
        beside = (str(faces.column("source")[place]), str(faces.column("digest")[place]))
        yield Row(key, np.array(faces.images[place]), np.array(faces.needed_masks()[place]), *beside)
    if raw is not None:
        yield from _extra(block, raw, ledger, progress)


def _extra(block: Block, raw: RawFolder, ledger: Ledger, progress: Callable | None) -> Iterator[Row]:
    """FFHQ's rows; keys sort behind CelebAMask-HQ's numbers."""
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
    for done, (index, name) in enumerate(images.items(), 1):
        key, step = f"ffhq_{index:05d}", "category"
        try:
            if categories.get(index) not in block.categories:
                raise ImageError("category", f"{categories.get(index, 'no category')} is not in {block.categories}")
            step = "decode"
            content = raw.read(name)
            image = decode(content)
            step = "mask"
            mask = reader.face_mask(index, block.label_order)
            if mask.shape[0] * image.shape[1] != mask.shape[1] * image.shape[0]:
                sizes = f"image {image.shape[1]} x {image.shape[0]}, labels {mask.shape[1]} x {mask.shape[0]}"
                raise ImageError("mask_size", f"expected labels of the image's aspect, came {sizes}")
            hole = resize_mask(mask, block.size_px, block.size_px)
            if not hole.any():
                raise ImageError("empty_mask", f"no face pixel at {block.size_px} px")
        except ImageError as error:
            place = reader.mask_place(index) if step == "mask" else name
            ledger.reject(key, step, error.reason, error.detail, place)
        else:
            digest = hashlib.sha256(content).hexdigest()
            yield Row(key, resize(image, block.size_px, block.size_px), hole, name, digest)
        if progress:
            progress(done, len(images), "FFHQ")
