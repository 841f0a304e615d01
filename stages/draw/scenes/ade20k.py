"""The drawn ADE20K: photos in and out of doors, and a label map of each."""

from pathlib import Path

import numpy as np

from stages.data.ade20k_labels import CLASSES
from stages.data.truth import FOLDER
from stages.draw.scenes.canvas import Scene
from stages.draw.scenes.encode import png
from stages.draw.scenes.faults import planted_faults
from stages.draw.scenes.rooms import draw_room
from stages.draw.scenes.supply import Progress
from stages.draw.scenes.taught import TaughtBlock, Truth, picture_bytes, write

LAYOUT = """  ADEChallengeData2016/images/{training,validation}/ADE_{train,val}_<8 digits>.jpg
  ADEChallengeData2016/annotations/{training,validation}/ADE_{train,val}_<8 digits>.png"""
NAME = "ade20k"
FOLDERS = {"train": "training", "val": "validation", "teach": "teaching"}


class Block(TaughtBlock):
    """Drawing numbers; counts are of good photos."""

    train: int
    val: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    quality: int


def listing(block: Block) -> list[tuple[str, int, str]]:
    """(split, number from 1, its fault or an empty text); faults stand in train."""
    faults = planted_faults(NAME, block.train, block.faults)
    counts = {"train": block.train + len(faults), "val": block.val, "teach": block.teach}
    return [
        (split, number + 1, faults[number].kind if split == "train" and number in faults else "")
        for split, count in counts.items()
        for number in range(count)
    ]


def stem_of(split: str, number: int) -> str:
    """A photo's name without its suffix."""
    return f"ADE_{split}_{number:08d}"


def scene_of(block: Block, split: str, number: int) -> Scene:
    """One photo; factors: kind, and `where`, the labels as in the files."""
    rng = block.rng(NAME, split, "scene", split, number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    image, labels, kind = draw_room(rng, width, height)
    return Scene(image, {}, [], {"kind": kind, "where": labels})


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    truth, rows = Truth(out), listing(block)
    for done, (split, number, kind) in enumerate(rows, 1):
        scene, stem = scene_of(block, split, number), stem_of(split, number)
        base = FOLDER if split == "teach" else "ADEChallengeData2016"
        photo = f"{base}/images/{FOLDERS[split]}/{'photo_' if kind == 'strange_name' else ''}{stem}.jpg"
        labels = np.asarray(scene.factors["where"])
        if kind == "labels_of_other_size":
            labels = labels[::2, ::2]
        if kind == "label_above":
            labels = np.where(labels == labels[0, 0], CLASSES + 1, labels).astype(np.uint8)
        if kind != "labels_without_photo":
            write(out / photo, picture_bytes(scene.image, kind, block.quality))
        if kind not in ("no_labels", "strange_name"):
            write(out / f"{base}/annotations/{FOLDERS[split]}/{stem}.png", png(labels))
        truth.add(photo, str(scene.factors["kind"]))
        if progress:
            progress(done, len(rows))
    truth.close()
