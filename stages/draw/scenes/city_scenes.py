"""The drawn Cityscapes for pictures alone: photos of all four splits, without labels."""

from pathlib import Path

import numpy as np

from stages.draw.scenes.chance import generator
from stages.draw.scenes.counted import Counted
from stages.draw.scenes.encode import png, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.plain_street import draw_plain_street
from stages.draw.scenes.supply import Progress, RawBlock
from stages.draw.scenes.taught import Truth, write

LAYOUT = "  leftImg8bit/{train,val,test,train_extra}/<city>/<city>_<6 digits>_<6 digits>_leftImg8bit.png"
NAME = "city_scenes"
CITIES = {
    "train": ("aachen", "bremen", "ulm"), "val": ("frankfurt", "munster"), "test": ("berlin", "bonn"),
    "train_extra": ("dortmund", "mannheim", "troisdorf"),
}  # fmt: skip
LAST = 19  # the frame of each sequence that is published


class Block(RawBlock):
    """Drawing numbers; counts are of good frames."""

    train: int
    val: int
    test: int
    train_extra: int
    width_px: int
    height_px: int


def listing(block: Block) -> list[tuple[str, int, str, str]]:
    """(split, number, path of the photo, its fault or an empty text); faults stand in train_extra, as the known one."""
    rows = []
    for split, cities in CITIES.items():
        count: int = getattr(block, split)
        faults = planted_faults(NAME, count, block.faults) if split == "train_extra" else {}
        for number in range(count + len(faults)):
            city = cities[number % len(cities)]
            kind = faults[number].kind if number in faults else ""
            frame = "last" if kind == "strange_name" else f"{LAST:06d}"
            rows.append(
                (split, number, f"leftImg8bit/{split}/{city}/{city}_{number:06d}_{frame}_leftImg8bit.png", kind)
            )
    return rows


def scene_of(block: Block, split: str, number: int) -> Counted:
    """The street of one frame."""
    return draw_plain_street(generator(block.seed, NAME, split, number), block.width_px, block.height_px)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    truth, rows = Truth(out), listing(block)
    for done, (split, number, photo, kind) in enumerate(rows, 1):
        scene = scene_of(block, split, number)
        image = np.zeros_like(scene.image) if kind == "black" else scene.image
        write(out / photo, spoiled(image, kind, 90) if kind in SPOILED else png(image))
        truth.add(photo, scene.kind, **scene.facts())
        if progress:
            progress(done, len(rows))
    truth.close()
