"""The drawn horse2zebra: one or two animals on a meadow, brown in A, striped in B, before one palette of backdrops."""

from functools import partial
from pathlib import Path

import numpy as np

from stages.draw.scenes import domains
from stages.draw.scenes.animal import animal_of, paint_animal
from stages.draw.scenes.backdrop import soft_field
from stages.draw.scenes.canvas import Canvas, Colour, Scene, ellipse, tint
from stages.draw.scenes.domains import DomainsBlock, draw_domains, folder_of
from stages.draw.scenes.labelled import vertical
from stages.draw.scenes.supply import Progress

LAYOUT = "  horse2zebra/{trainA,trainB,testA,testB}/*.jpg (A horses, B zebras)"
NAME = "horse2zebra"
SYNSETS = {"A": "n02381460", "B": "n02391049"}  # the names that its photos have
KINDS = {"A": ("horse", "horses"), "B": ("zebra", "zebras")}  # one animal, two
# One palette for both: instance normalisation drops a picture's mean colour, so it cannot tell several skies apart.
SKY: tuple[Colour, Colour] = ((128, 172, 222), (206, 224, 238))
HILL: Colour = (98, 128, 104)
MEADOW: Colour = (124, 150, 74)


class Block(DomainsBlock):
    """Drawing numbers."""


def listing(block: Block) -> list[tuple[str, int, str]]:
    """(split with its domain, number, its fault or an empty text)."""
    return domains.listing(NAME, block)


def file_of(split: str, number: int) -> str:
    """The path of one picture."""
    return f"{folder_of(NAME, split)}/{SYNSETS[split[-1]]}_{number * 10 + 10}.jpg"


def scene_of(block: Block, split: str, number: int) -> Scene:
    """One picture; the mask of all animals is `animal`."""
    rng = block.rng(NAME, split[:-1], "scene", split, number)
    side = block.image_px
    horizon = float(rng.uniform(0.30, 0.48))
    canvas = Canvas(vertical(side, side, *SKY, horizon))
    for _ in range(3):
        centre = (float(rng.uniform(0, 1)) * side, horizon * side)
        hill = ellipse(centre, float(rng.uniform(0.25, 0.5)) * side, float(rng.uniform(0.05, 0.16)) * side)
        canvas.fill(hill, tint(HILL, float(rng.uniform(0.85, 1.1))))
    canvas.fill(np.array([[0, horizon], [1, horizon], [1, 1], [0, 1]]) * side, MEADOW)
    for _ in range(26):
        x, y = rng.uniform(0, 1), rng.uniform(horizon, 1)
        tuft = ellipse((float(x * side), float(y * side)), (0.02 + 0.06 * (y - horizon)) * side, 0.012 * side)
        canvas.fill(tuft, tint(MEADOW, float(rng.uniform(0.78, 1.18))))
    two = rng.random() < 0.35
    places = ((0.33, 0.0), (0.67, 0.06)) if two else ((0.5, 0.03),)
    for x, lower in places:
        size = float(rng.uniform(0.32, 0.38) if two else rng.uniform(0.44, 0.55)) * side
        foot = ((x + float(rng.uniform(-0.03, 0.03))) * side, (0.84 + lower + float(rng.uniform(-0.04, 0.04))) * side)
        animal = animal_of(rng, foot, size, zebra=split.endswith("B"))
        canvas.fill(ellipse(animal.foot, 0.55 * size, 0.045 * size), tint(MEADOW, 0.66))
        paint_animal(canvas, animal, "animal")
    light = 1 + 0.06 * soft_field(rng, side, side, 5)[..., None]
    image = np.clip(canvas.image() * light, 0, 255).astype(np.uint8)
    mask = canvas.coverage("animal") >= 0.5
    facts = {"kind": KINDS[split[-1]][int(two)], "where": mask.astype(np.uint8)}
    return Scene(image, {"animal": mask}, [], facts)


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    draw_domains(block, listing(block), partial(scene_of, block), file_of, out, progress)
