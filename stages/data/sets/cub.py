"""The prepared CUB birds: the species of each photo, for the known-factor encoder."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from stages.block import Block as Base
from stages.data.cub import Bird, find_lists, read_birds
from stages.data.image import ImageError, decode, resize
from stages.data.prepared.crop import square_window
from stages.data.prepared.ledger import Ledger
from stages.data.prepared.packed import Index, Row, write_packed
from stages.data.raw import RawFolder, unlisted

STEPS = ("found", "decode")


class Block(Base):
    """Parameters of the CUB set."""

    size_px: int
    view: Literal["stretch", "square"]
    minimum_kept: int
    decode_error_limit: float


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
    """Packs all listed photos with the lists' own split. Raises: FileNotFoundError, ValueError."""
    raw = RawFolder.open(inputs["raw"])
    base = find_lists(raw)
    species, birds = read_birds(raw, base)
    photos = {bird.name: raw.find(f"{base}images/{bird.name}") for bird in birds}
    strays = unlisted(raw, (photos[bird.name] or f"{base}images/{bird.name}" for bird in birds))
    ledger = Ledger(STEPS, root=raw.root, total=len(birds) + len(strays))
    for name in strays:
        ledger.reject(name, "found", "no_annotation", "a photo without a row in images.txt", name)
    kept: list[Bird] = []

    def rows() -> Iterator[Row]:
        for done, bird in enumerate(birds, 1):
            name = photos[bird.name]
            if name is None:
                place = f"{base}images/{bird.name}"
                ledger.reject(bird.name, "found", "no_image", "listed, but the photo is not there", place)
                continue
            content = raw.read(name)
            try:
                image = decode(content)
            except ImageError as error:
                ledger.reject(bird.name, "decode", error.reason, error.detail, name)
            else:
                kept.append(bird)
                image = resize(_view(block, image, bird), block.size_px, block.size_px)
                yield Row(bird.name, image, None, name, hashlib.sha256(content).hexdigest())
            if progress:
                progress(done, len(birds), "birds")

    def complete(keys: list[str]) -> Index:
        ledger.check("cub", block.minimum_kept, block.decode_error_limit)
        labels = {"species": np.array([bird.class_id for bird in kept], np.int64)}
        return Index([bird.split for bird in kept], ("test",), labels, {"species": species})

    write_packed(out, "cub", block.size_px, False, rows(), complete, ledger)


def _view(block: Block, image: np.ndarray, bird: Bird) -> np.ndarray:
    if block.view == "stretch":
        return image
    height, width = image.shape[:2]
    x, y, box_width, box_height = bird.box or (0.0, 0.0, float(width), float(height))
    box = (round(x), round(y), round(x + box_width) - 1, round(y + box_height) - 1)
    return square_window(width, height, box).cut(image)
