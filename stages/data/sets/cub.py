"""The prepared CUB birds: the species of each photo, for the known-factor encoder."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.cub import Bird, find_lists, read_birds
from stages.data.image import decode, resize
from stages.data.prepared.crop import square_window
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.packed import Index, Row, pack
from stages.data.prepared.walk import Walk, Watch
from stages.data.raw import RawFolder, unlisted

STEPS = ("found", "decode")


class Block(Base):
    """Parameters of the CUB set."""

    size_px: int
    view: Literal["stretch", "square"]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all listed photos with the lists' own split. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    base = find_lists(raw)
    species, birds = read_birds(raw, base)
    photos = {bird.name: raw.find(f"{base}images/{bird.name}") for bird in birds}
    strays = unlisted(raw, (photos[bird.name] or f"{base}images/{bird.name}" for bird in birds))
    ledger = Ledger(STEPS, root=raw.root, total=len(birds) + len(strays))
    for name in strays:
        ledger.reject(name, "found", "no_annotation", "a photo without a row in images.txt", name)
    by_name = {bird.name: bird for bird in birds}

    def row(key: str, place: str) -> Row:
        name = photos[key]
        if name is None:
            raise Refused("found", "no_image", "listed, but the photo is not there")
        content = raw.read(name)
        image = resize(_view(block, decode(content), by_name[key]), block.size_px, block.size_px)
        return Row(key, image, None, name, hashlib.sha256(content).hexdigest())

    def complete(keys: list[str]) -> Index:
        ledger.check("cub", block.minimum_kept, block.decode_error_limit)
        labels = {"species": np.array([by_name[key].class_id for key in keys], np.int64)}
        return Index([by_name[key].split for key in keys], ("test",), labels, {"species": species})

    listed = [(bird.name, photos[bird.name] or f"{base}images/{bird.name}") for bird in birds]
    walk = Walk(listed, len(listed), row, "birds")
    pack(out, "cub", block.size_px, False, walk, complete, ledger, watch=watch)


def _view(block: Block, image: np.ndarray, bird: Bird) -> np.ndarray:
    if block.view == "stretch":
        return image
    height, width = image.shape[:2]
    x, y, box_width, box_height = bird.box or (0.0, 0.0, float(width), float(height))
    box = (round(x), round(y), round(x + box_width) - 1, round(y + box_height) - 1)
    return square_window(width, height, box).cut(image)
