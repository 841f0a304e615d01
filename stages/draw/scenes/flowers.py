"""The drawn Oxford Flowers 102: blossoms on foliage, blue-backed segmentations, and setid.mat."""

from pathlib import Path

import numpy as np
from PIL import Image

from stages.data.flowers import on_blue
from stages.draw.scenes.backdrop import ramp
from stages.draw.scenes.canvas import Canvas, Colour, Scene, ellipse, place, tint
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, jpeg_exact, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.mat import write_lists
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  jpg/image_<5 digits>.jpg, segmim/segmim_<5 digits>.jpg (background blue: 0, 0, 254)
  setid.mat (trnid, valid, tstid)"""
NAME = "flowers"
KEYS = {"test": "trnid", "valid": "valid", "train": "tstid"}  # the large part trains, as in ReDO
PETALS: tuple[Colour, ...] = ((246, 240, 236), (250, 208, 40), (232, 96, 150), (214, 44, 48), (244, 132, 36))
LEAVES: tuple[Colour, ...] = ((44, 96, 40), (78, 124, 52), (30, 70, 46), (96, 112, 60))


class Look(RawBlock):
    """How a photo of a flower is drawn."""

    width_px: tuple[int, int]
    height_px: tuple[int, int]
    radius_share: tuple[float, float]
    quality: int


class Block(Look):
    """Drawing numbers; counts are of good photos in each role."""

    train: int
    valid: int
    test: int


def listing(block: Block) -> list[tuple[int, str, str]]:
    """(photo number from 1, role, its fault or an empty text) of all photos; faults stand among the test photos."""
    good = block.train + block.valid + block.test
    faults = planted_faults(NAME, good, block.faults)
    roles = ["train"] * block.train + ["valid"] * block.valid + ["test"] * (block.test + len(faults))
    order = generator(block.seed, NAME, "order").permutation(len(roles)) + 1
    kinds = [faults[item].kind if item in faults else "" for item in range(len(roles))]
    return sorted(zip(order.tolist(), roles, kinds, strict=True))


def scene_of(block: Look, number: int) -> Scene:
    """The scene of photo `number`: five to eight petals about a disc, anywhere on green."""
    rng = generator(block.seed, NAME, "scene", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    first, second = (LEAVES[int(i)] for i in rng.choice(len(LEAVES), 2, replace=False))
    canvas = Canvas(ramp(rng, width, height, first, second))
    for _ in range(6):  # blades of grass
        at = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        blade = ellipse(at, 0.05 * width, 0.3 * height, float(rng.uniform(-1.2, 1.2)))
        canvas.fill(blade, tint(first, float(rng.uniform(0.7, 1.4))))
    radius = float(rng.uniform(*block.radius_share)) * min(width, height)
    centre = (float(rng.uniform(0.34, 0.66)) * width, float(rng.uniform(0.34, 0.66)) * height)
    count, turn = int(rng.integers(5, 9)), float(rng.uniform(0, 2 * np.pi))
    colour = PETALS[int(rng.integers(len(PETALS)))]
    for petal in range(count):
        shade = tint(colour, 1.0 if petal % 2 else 0.88)
        outline = ellipse((0.6, 0.0), 0.42, 1.3 / count + 0.08)
        canvas.fill(place(outline, centre, radius, turn + 2 * np.pi * petal / count), shade, ("main",))
    canvas.fill(ellipse(centre, 0.3 * radius, 0.3 * radius), (120, 70, 24), ("main",))
    return Scene(canvas.image(), {"main": canvas.coverage("main") >= 0.5}, [], {"centre": centre, "radius": radius})


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    for folder in ("jpg", "segmim"):
        (out / folder).mkdir(parents=True)
    rows = listing(block)
    for number, _, kind in rows:
        scene = scene_of(block, number)
        if kind != "missing_photo":
            damaged = kind in SPOILED
            content = spoiled(scene.image, kind, block.quality) if damaged else jpeg(scene.image, block.quality)
            (out / f"jpg/image_{number:05d}.jpg").write_bytes(content)
        if kind != "missing_mask":
            colours = Image.fromarray(on_blue(scene.image, scene.parts["main"]))
            if kind == "mask_of_other_size":
                colours = colours.reduce(2)
            (out / f"segmim/segmim_{number:05d}.jpg").write_bytes(jpeg_exact(np.asarray(colours)))
        if progress:
            progress(number, len(rows))
    lists = {key: [number for number, role, _ in rows if role == name] for name, key in KEYS.items()}
    write_lists(out / "setid.mat", lists)
