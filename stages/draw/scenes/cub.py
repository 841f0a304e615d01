"""The drawn CUB-200-2011: text lists and photos in class folders; its species are those of the drawn LSUN birds."""

from pathlib import Path

import numpy as np

from stages.draw.scenes.bird import bird_backdrop, paint_bird
from stages.draw.scenes.bird_factors import bird_pose, species_list
from stages.draw.scenes.canvas import Canvas, Instance, Scene
from stages.draw.scenes.chance import generator
from stages.draw.scenes.encode import jpeg, spoiled
from stages.draw.scenes.faults import SPOILED, planted_faults
from stages.draw.scenes.marks import tight_box
from stages.draw.scenes.supply import Progress, RawBlock

LAYOUT = """  CUB_200_2011/images.txt, image_class_labels.txt, classes.txt, train_test_split.txt, bounding_boxes.txt
  CUB_200_2011/images/<class>/<file>.jpg"""
NAME = "cub"


class Block(RawBlock):
    """Drawing numbers; `species` and `seed` are those of the LSUN birds, so that both sets show the same kinds."""

    images: int
    species: int
    width_px: tuple[int, int]
    height_px: tuple[int, int]
    quality: int


def scene_of(block: Block, number: int) -> Scene:
    """The scene of item `number`: species take turns, everything else is drawn apart from them."""
    which = number % block.species
    rng = generator(block.seed, NAME, "frame", number)
    width, height = int(rng.integers(*block.width_px)), int(rng.integers(*block.height_px))
    pose = bird_pose(generator(block.seed, NAME, "pose", number))
    backdrop, facts = bird_backdrop(block.seed, f"{NAME}/{number}", width, height, pose)
    canvas = Canvas(backdrop)
    paint_bird(canvas, species_list(block.species, block.seed)[which], pose, "main")
    mask = canvas.mask("main")
    return Scene(
        canvas.image(), {"main": mask}, [Instance("bird", mask, 1.0)], {"species": which, "pose": pose, **facts}
    )


def paths(block: Block) -> list[str]:
    """<class>/<file>.jpg of each item."""
    kinds = species_list(block.species, block.seed)
    found = []
    for number in range(block.images + len(planted_faults(NAME, block.images, block.faults))):
        which, look = number % block.species, number // block.species
        digits = int(generator(block.seed, NAME, "name", number).integers(1000, 200000))
        name = kinds[which].name
        found.append(f"{which + 1:03d}.{name}/{name}_{look + 1:04d}_{digits}.jpg")
    return found


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    base = out / "CUB_200_2011"
    faults = planted_faults(NAME, block.images, block.faults)
    rows = []
    places = paths(block)
    for number, path in enumerate(places):
        kind = faults[number].kind if number in faults else ""
        scene = scene_of(block, number)
        if kind != "missing_photo":
            target = base / "images" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_content(block, scene.image, kind))
        which, look = number % block.species, number // block.species
        x1, y1, x2, y2 = tight_box(scene.parts["main"])
        rows.append((path, which + 1, 1 - look % 2, f"{x1:.1f} {y1:.1f} {x2 - x1 + 1:.1f} {y2 - y1 + 1:.1f}"))
        if progress:
            progress(number + 1, len(places))
    rows.sort()  # the official lists go by class and file name
    _write(base / "classes.txt", sorted({path.split("/")[0] for path in places}))
    for place, name in enumerate(("images", "image_class_labels", "train_test_split", "bounding_boxes")):
        _write(base / f"{name}.txt", [row[place] for row in rows])


def _content(block: Block, image: np.ndarray, kind: str) -> bytes:
    if kind == "grey":
        return jpeg(image.mean(2).astype(np.uint8), block.quality)
    return spoiled(image, kind, block.quality) if kind in SPOILED else jpeg(image, block.quality)


def _write(path: Path, values: list) -> None:
    """One line per value, numbered from 1."""
    path.write_text("".join(f"{number} {value}\n" for number, value in enumerate(values, 1)), encoding="ascii")
