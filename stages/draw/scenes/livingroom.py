"""The drawn living rooms of LSUN: a window or a picture on the wall, a couch, a chair, a potted plant."""

from functools import partial
from pathlib import Path

import numpy as np

from stages.draw.scenes import lsun_scenes
from stages.draw.scenes.canvas import Colour, tint
from stages.draw.scenes.counted import Counted, Thing, paint_things
from stages.draw.scenes.interior import DETAIL, GRAINS, GREEN, GROUND, RED, YELLOW, Brush, room, window
from stages.draw.scenes.labelled import LabelledCanvas, textured
from stages.draw.scenes.supply import Progress

NAME, CATEGORY = "livingroom", "living_room"
LAYOUT = lsun_scenes.layout_of(CATEGORY)
BACKDROPS = ("window", "picture")
LEADS = ("couch", "chair", "potted plant")
LEG: Colour = (70, 58, 50)


class Block(lsun_scenes.LsunSceneBlock):
    """Drawing numbers."""


def draw_livingroom(rng: np.random.Generator, width: int, height: int) -> Counted:
    """One room; its kind is what hangs on the wall and what stands in front."""
    backdrop, lead = BACKDROPS[int(rng.integers(2))], LEADS[int(rng.integers(3))]
    canvas, brush = room(rng, width, height)
    side = 1 if rng.random() < 0.5 else -1  # of the middle on which the couch stands
    if backdrop == "window":
        middle = 0.5 - side * float(rng.uniform(0.05, 0.2))
        window(brush, rng, middle - 0.17, 0.12, middle + 0.17, 0.46)
    else:
        _pictures(brush, rng, 0.5 + side * 0.15)
    _rug(brush, rng)
    found = paint_things(canvas, _things(rng, lead, side), rng)
    image = textured(canvas.image(), canvas.ids(), GRAINS, rng, float(rng.uniform(-1, 1)))
    return Counted(image, found, f"{backdrop} {lead}")


def _pictures(brush: Brush, rng: np.random.Generator, middle: float) -> None:
    brush.canvas.identifier = DETAIL
    for x, half in ((middle - 0.13, 0.10), (middle + 0.13, 0.08)):
        top, low = 0.30 - 1.1 * half, 0.30 + 1.1 * half
        brush.box(x - half, top, x + half, low, (92, 78, 66))
        brush.box(x - 0.8 * half, top + 0.02, x + 0.8 * half, low - 0.02, tint((206, 204, 196), 1.05))
        ground = tint((132, 146, 150), float(rng.uniform(0.8, 1.2)))
        brush.box(x - 0.8 * half, 0.30 + 0.2 * half, x + 0.8 * half, low - 0.02, ground)


def _rug(brush: Brush, rng: np.random.Generator) -> None:
    brush.canvas.identifier = DETAIL
    colour = tint((168, 160, 156), float(rng.uniform(0.8, 1.1)))
    brush.oval(0.5, 0.88, 0.46, 0.085, colour)
    brush.oval(0.5, 0.88, 0.38, 0.062, tint(colour, 1.1))


def _things(rng: np.random.Generator, lead: str, side: int) -> list[Thing]:
    """Couch and plant at the wall, the chair before them; what does not lead may be missing."""
    there = {name: name == lead or rng.random() < 0.8 for name in LEADS}
    size = {name: (1.22 if name == lead else 1.0) * float(rng.uniform(0.94, 1.06)) for name in LEADS}
    places = {
        "couch": 0.5 + side * float(rng.uniform(0.17, 0.23)),
        "potted plant": 0.5 - side * float(rng.uniform(0.34, 0.42)),
        "chair": 0.5 - side * float(rng.uniform(0.09, 0.17)),
    }
    painters = {"couch": _couch, "potted plant": _plant, "chair": _chair}
    return [
        Thing(name, partial(painters[name], x=places[name], size=size[name]))
        for name in ("potted plant", "couch", "chair")
        if there[name]
    ]


def _couch(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, cloth = Brush(canvas), tint(RED, float(rng.uniform(0.9, 1.1)))
    half, foot = 0.22 * size, GROUND + 0.10
    top = foot - 0.25 * size
    for leg in (x - 0.9 * half, x + 0.84 * half):
        brush.box(leg, foot - 0.01, leg + 0.02, foot + 0.025, LEG)
    brush.box(x - 0.9 * half, top, x + 0.9 * half, foot, cloth)
    brush.box(x - 0.004, top, x + 0.004, foot - 0.09 * size, tint(cloth, 0.7))
    brush.box(x - 0.85 * half, foot - 0.11 * size, x + 0.85 * half, foot, tint(cloth, 0.82))
    brush.box(x - 0.85 * half, foot - 0.12 * size, x + 0.85 * half, foot - 0.07 * size, tint(cloth, 1.12))
    for arm in (x - half, x + 0.8 * half):
        brush.box(arm, foot - 0.17 * size, arm + 0.2 * half, foot, tint(cloth, 0.92))


def _chair(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, cloth = Brush(canvas), tint(YELLOW, float(rng.uniform(0.9, 1.05)))
    half, foot = 0.10 * size, GROUND + 0.20
    seat = foot - 0.11 * size
    for leg in (x - half, x + half - 0.025):
        brush.box(leg, seat, leg + 0.025, foot, LEG)
    brush.box(x - half, seat - 0.20 * size, x + half, seat, cloth)
    brush.box(x - 0.75 * half, seat - 0.17 * size, x + 0.75 * half, seat - 0.04 * size, tint(cloth, 0.86))
    brush.box(x - 1.1 * half, seat - 0.03 * size, x + 1.1 * half, seat + 0.035 * size, tint(cloth, 1.06))


def _plant(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, foot = Brush(canvas), GROUND + 0.12
    top = foot - 0.13 * size
    pot = tint((156, 126, 112), float(rng.uniform(0.9, 1.1)))
    edge = 0.055 * size
    brush.fill(np.array([[x - edge, top], [x + edge, top], [x + 0.7 * edge, foot], [x - 0.7 * edge, foot]]), pot)
    leaf = tint(GREEN, float(rng.uniform(0.85, 1.1)))
    for dx, dy, radius, shade in ((-0.055, 0.07, 0.06, 0.8), (0.055, 0.08, 0.06, 0.92), (0.0, 0.14, 0.075, 1.08),
                                  (0.0, 0.04, 0.06, 1.0)):  # fmt: skip
        brush.oval(x + dx * size, top - dy * size, radius * size, 1.25 * radius * size, tint(leaf, shade))


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    lsun_scenes.draw(block, NAME, CATEGORY, draw_livingroom, out, progress)
