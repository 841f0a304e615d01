"""The drawn CUB-200-2011 with masks and ReDO's split: birds of a few species anywhere in the picture."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.draw.scenes.backdrop import landscape
from stages.draw.scenes.bird import paint_bird
from stages.draw.scenes.bird_factors import BirdPose, species_list
from stages.draw.scenes.canvas import Canvas, Scene
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, png_mask, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  images/<class>/<file>.jpg, segmentations/<class>/<file>.png
  images.txt, train_val_test_split.txt (0 train, 1 val, 2 test)"""
NAME = "cub_masks"
CODES = {"train": 0, "val": 1, "test": 2}


class Block(RawBlock):
    """Drawing numbers; counts are of good photos in each split."""

    train: int
    val: int
    test: int
    species: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    size_share: tuple[float, float]
    quality: int


def listing(block: Block) -> list[tuple[int, str, str, str]]:
    """(item number, <class>/<file>.jpg, split, its fault or an empty text) of all photos; faults stand in test."""
    good = block.train + block.val + block.test
    faults = planted_faults(NAME, good, block.faults)
    splits = ["train"] * block.train + ["val"] * block.val + ["test"] * (block.test + len(faults))
    kinds = species_list(block.species, block.seed)
    rows = []
    for number, split in enumerate(splits):
        which, look = number % block.species, number // block.species
        name = kinds[which].name
        kind = faults[number].kind if number in faults else ""
        rows.append((number, f"{which + 1:03d}.{name}/{name}_{look + 1:04d}.jpg", split, kind))
    return rows


def scene_of(block: Block, number: int) -> Scene:
    """The scene of item `number`: species take turns; place, size, lean and posture are drawn apart from them."""
    rng = generator(block.seed, NAME, "scene", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    pose = BirdPose(
        centre=(float(rng.uniform(0.36, 0.64)), float(rng.uniform(0.36, 0.60))),
        size=float(rng.uniform(*block.size_share)),
        flip=bool(rng.random() < 0.5),
        lean=float(rng.uniform(-0.6, 0.2)),
        posture=str(rng.choice(["perched", "flying"], p=[0.75, 0.25])),
        wing_angle=float(rng.uniform(-1.0, 0.5)),
        nod=float(rng.uniform(-0.25, 0.35)),
    )
    backdrop, facts = landscape(rng, width, height)
    canvas = Canvas(backdrop)
    paint_bird(canvas, species_list(block.species, block.seed)[number % block.species], pose, "main")
    return Scene(canvas.image(), {"main": canvas.coverage("main") >= 0.5}, [], {"pose": pose, **facts})


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    rows = listing(block)
    for number, path, _, kind in rows:
        scene = scene_of(block, number)
        photo, mask = out / "images" / path, (out / "segmentations" / path).with_suffix(".png")
        for file in (photo, mask):
            file.parent.mkdir(parents=True, exist_ok=True)
        if kind != "missing_photo":
            photo.write_bytes(_content(block, scene.image, kind))
        if kind != "missing_mask":
            levels = scene.parts["main"][::2, ::2] if kind == "mask_of_other_size" else scene.parts["main"]
            mask.write_bytes(png_mask(levels, three_channels=kind == "mask_of_three_channels"))
        if progress:
            progress(number + 1, len(rows))
    ordered = sorted((path, split) for _, path, split, _ in rows)
    for name, values in (
        ("images", [path for path, _ in ordered]),
        ("train_val_test_split", [CODES[split] for _, split in ordered]),
    ):
        text = "".join(f"{number} {value}\n" for number, value in enumerate(values, 1))
        (out / f"{name}.txt").write_text(text, encoding="ascii")


def _content(block: Block, image: np.ndarray, kind: str) -> bytes:
    if kind == "grey":
        return jpeg(np.asarray(Image.fromarray(image).convert("L")), block.quality)
    return spoiled(image, kind, block.quality) if kind in SPOILED else jpeg(image, block.quality)
