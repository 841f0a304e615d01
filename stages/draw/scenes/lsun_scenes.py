"""LSUN scenes as drawn: two LMDBs, of which the one to train on is the set, and what every picture counts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from stages.draw.scenes.chance import generator
from stages.draw.scenes.counted import Counted
from stages.draw.scenes.encode import jpeg, spoiled, webp
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.lsun import key_of
from stages.draw.scenes.lsun_files import write_lmdb
from stages.draw.scenes.supply import Progress, RawBlock
from stages.draw.scenes.taught import Truth

LAYOUT = "  {database}/data.mdb, lock.mdb; or one folder, or one zip, of images"
Painter = Callable[[np.random.Generator, int, int], Counted]


class LsunSceneBlock(RawBlock):
    """Drawing numbers of such a set; `images` counts the good ones of the database to train on."""

    images: int
    validation: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    jpeg_share: float
    quality: int


def layout_of(category: str) -> str:
    """What a user's folder should hold; category is LSUN's own name, such as living_room."""
    return LAYOUT.format(database=f"{category}_train_lmdb")


def listing(block: LsunSceneBlock, name: str) -> list[tuple[str, str]]:
    """(key, fault or an empty text) of every picture of the database to train on, by number."""
    faults = planted_faults(name, block.images, block.faults)
    rows = []
    for number in range(block.images + len(faults)):
        kind = faults[number].kind if number in faults else ""
        key = key_of(name, block.seed, number)
        rows.append((f"photo {number}" if kind == "strange_key" else key, kind))
    return rows


def scene_of(block: LsunSceneBlock, name: str, key: str, painter: Painter) -> Counted:
    """The room of one key."""
    rng = generator(block.seed, name, "scene", key)
    return painter(rng, int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px)))


def draw(
    block: LsunSceneBlock, name: str, category: str, painter: Painter, out: Path, progress: Progress | None = None
) -> None:
    """Writes <category>_train_lmdb, a <category>_val_lmdb that no reader takes, and the truth of the first."""
    rows = listing(block, name)
    apart = [(key_of(f"{name} val", block.seed, number), "") for number in range(block.validation)]
    truth, done, total = Truth(out), 0, len(rows) + len(apart)
    for split, items in (("train", rows), ("val", apart)):
        images = []
        for key, kind in items:
            scene = scene_of(block, name, key, painter)
            images.append((key, *_file(block, name, key, kind, scene.image)))
            if split == "train":
                truth.add(key, scene.kind, **scene.facts())
            done += 1
            if progress:
                progress(done, total)
        folder = out / f"{category}_{split}_lmdb"
        folder.mkdir()
        write_lmdb(folder, sorted(images))
    truth.close()


def _file(block: LsunSceneBlock, name: str, key: str, kind: str, image: np.ndarray) -> tuple[str, bytes]:
    """(suffix, bytes) of one value."""
    if kind in SPOILED:
        return "jpg", spoiled(image, kind, block.quality)
    if kind == "black":
        image = np.zeros_like(image)
    if generator(block.seed, name, "file", key).random() < block.jpeg_share:
        return "jpg", jpeg(image, block.quality)
    return "webp", webp(image, block.quality)
