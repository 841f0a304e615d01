"""The drawn kitchens of LSUN: a window or shelves over a counter, an oven, a refrigerator, a sink."""

from functools import partial
from pathlib import Path

import numpy as np

from stages.draw.scenes import lsun_scenes
from stages.draw.scenes.canvas import Colour, tint
from stages.draw.scenes.counted import Counted, Thing, paint_things
from stages.draw.scenes.interior import BLUE, DETAIL, GRAINS, GROUND, RED, TEAL, Brush, room, window
from stages.draw.scenes.labelled import LabelledCanvas, textured
from stages.draw.scenes.supply import Progress

NAME, CATEGORY = "kitchen", "kitchen"
LAYOUT = lsun_scenes.layout_of(CATEGORY)
BACKDROPS = ("window", "shelves")
LEADS = ("oven", "refrigerator", "sink")
CABINETS: tuple[Colour, ...] = ((206, 196, 178), (176, 160, 140), (186, 194, 196))
FOOT, TOP = GROUND + 0.08, GROUND - 0.20  # of the counter
STEEL: Colour = (188, 190, 192)


class Block(lsun_scenes.LsunSceneBlock):
    """Drawing numbers."""


def draw_kitchen(rng: np.random.Generator, width: int, height: int) -> Counted:
    """One kitchen; its kind is what is over the counter and what is largest in it."""
    backdrop, lead = BACKDROPS[int(rng.integers(2))], LEADS[int(rng.integers(3))]
    canvas, brush = room(rng, width, height)
    side = 1 if rng.random() < 0.5 else -1  # at which end the refrigerator stands
    cabinet = tint(CABINETS[int(rng.integers(len(CABINETS)))], float(rng.uniform(0.94, 1.06)))
    middle = 0.5 - side * float(rng.uniform(0.12, 0.22))
    if backdrop == "window":
        window(brush, rng, middle - 0.15, 0.10, middle + 0.15, 0.36)
    else:
        _shelves(brush, middle, cabinet)
    _counter(brush, cabinet)
    found = paint_things(canvas, _things(rng, lead, side), rng)
    image = textured(canvas.image(), canvas.ids(), GRAINS, rng, float(rng.uniform(-1, 1)))
    return Counted(image, found, f"{backdrop} {lead}")


def _shelves(brush: Brush, middle: float, cabinet: Colour) -> None:
    brush.canvas.identifier = DETAIL
    for left in (middle - 0.26, middle - 0.085, middle + 0.09):
        brush.box(left, 0.06, left + 0.17, 0.32, tint(cabinet, 0.86))
        brush.box(left + 0.02, 0.085, left + 0.15, 0.295, tint(cabinet, 1.0))
        brush.box(left + 0.125, 0.22, left + 0.14, 0.28, (110, 104, 98))


def _counter(brush: Brush, cabinet: Colour) -> None:
    brush.canvas.identifier = DETAIL
    left, right = -brush.reach, 1 + brush.reach
    brush.box(left, TOP, right, FOOT, tint(cabinet, 0.84))
    for x in np.arange(left, right, 0.16):
        brush.box(float(x) + 0.012, TOP + 0.05, float(x) + 0.148, FOOT - 0.03, tint(cabinet, 0.97))
        brush.box(float(x) + 0.06, TOP + 0.065, float(x) + 0.10, TOP + 0.08, (110, 104, 98))
    brush.box(left, FOOT - 0.02, right, FOOT, (92, 88, 84))
    brush.box(left, TOP - 0.025, right, TOP + 0.02, (228, 226, 220))


def _things(rng: np.random.Generator, lead: str, side: int) -> list[Thing]:
    """Refrigerator at one end, oven and sink side by side in the counter; what does not lead may be missing."""
    there = {name: name == lead or rng.random() < 0.8 for name in LEADS}
    size = {name: (1.18 if name == lead else 1.0) * float(rng.uniform(0.95, 1.05)) for name in LEADS}
    order = -side if rng.random() < 0.5 else side
    places = {
        "refrigerator": 0.5 + side * float(rng.uniform(0.32, 0.38)),
        "oven": 0.5 - side * 0.14 + order * float(rng.uniform(0.15, 0.18)),
        "sink": 0.5 - side * 0.14 - order * float(rng.uniform(0.14, 0.18)),
    }
    painters = {"refrigerator": _refrigerator, "oven": _oven, "sink": _sink}
    return [Thing(name, partial(painters[name], x=places[name], size=size[name])) for name in LEADS if there[name]]


def _refrigerator(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, paint = Brush(canvas), tint(TEAL, float(rng.uniform(0.92, 1.1)))
    half, foot = 0.125 * size, FOOT + 0.02
    top, gap = foot - 0.58 * size, foot - 0.38 * size
    brush.box(x - half, top, x + half, foot, paint)
    brush.box(x - half, foot - 0.025, x + half, foot, (52, 54, 56))
    brush.box(x - half, gap - 0.006, x + half, gap + 0.006, tint(paint, 0.6))
    for first, last in ((top + 0.06 * size, gap - 0.04), (gap + 0.04, gap + 0.16 * size)):
        brush.box(x - 0.8 * half, first, x - 0.62 * half, last, STEEL)


def _oven(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, paint = Brush(canvas), tint(RED, float(rng.uniform(0.92, 1.1)))
    half, foot = 0.125 * size, FOOT + 0.005
    top = foot - 0.285 * size
    brush.box(x - half, top - 0.02, x + half, top + 0.012, (60, 60, 62))
    brush.box(x - half, top, x + half, foot, paint)
    brush.box(x - 0.7 * half, top + 0.10 * size, x + 0.7 * half, foot - 0.07 * size, (64, 66, 72))
    brush.box(x - 0.7 * half, top + 0.065 * size, x + 0.7 * half, top + 0.082 * size, STEEL)
    for knob in (-0.6, -0.2, 0.2, 0.6):
        brush.oval(x + knob * half, top + 0.033 * size, 0.013, 0.013, (226, 224, 220))


def _sink(canvas: LabelledCanvas, rng: np.random.Generator, x: float, size: float) -> None:
    brush, paint = Brush(canvas), tint(BLUE, float(rng.uniform(0.92, 1.1)))
    half, top = 0.125 * size, TOP - 0.03
    low = top + 0.125 * size
    for left, upper, right, bottom in (
        (-0.012, -0.14, 0.012, 0.0),
        (-0.012, -0.14, 0.07, -0.115),
        (0.05, -0.14, 0.07, -0.09),
    ):
        brush.box(x + left * size, top + upper * size, x + right * size, top + bottom * size, STEEL)
    brush.box(x - half, top, x + half, low, paint)
    brush.box(x - half, top, x + half, top + 0.025 * size, tint(paint, 1.2))


def draw(block: Block, out: Path, progress: Progress | None = None) -> None:
    """Writes the set's raw folder."""
    lsun_scenes.draw(block, NAME, CATEGORY, draw_kitchen, out, progress)
