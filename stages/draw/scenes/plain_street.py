"""A street of few things, whose middle square shows them: sky, fronts or trees, two lanes, a bus, cars, people."""

from functools import partial

import numpy as np

from stages.data.cityscapes_labels import ID
from stages.draw.scenes.canvas import tint
from stages.draw.scenes.counted import Counted, Thing, paint_things
from stages.draw.scenes.extras import paint_person
from stages.draw.scenes.fronts import paint_fronts, paint_trees
from stages.draw.scenes.labelled import LabelledCanvas, textured, vertical
from stages.draw.scenes.street import COAT, KERB, LANES, SKIES, SKY, paint_bus, paint_ground, paint_lane_car

ROWS = ("fronts", "trees")
LEADS = ("bus", "car", "person")
# Softer than a street for label maps has it: grain from pixel to pixel is gone at 32 px, and patches are enough.
GRAINS = {
    ID["road"]: (0.05, 0.0), ID["sidewalk"]: (0.04, 0.0), ID["building"]: (0.05, 0.0), ID["sky"]: (0.05, 0.0),
    ID["vegetation"]: (0.20, 0.0), ID["terrain"]: (0.12, 0.0),
}  # fmt: skip
SCALE = 0.8  # of buses and cars, so that two in a row fit into the middle square
PAVEMENTS = ((KERB - 0.02, 0.30), (0.965, 0.42))  # where people stand, and how tall they are there, of the height


def draw_plain_street(rng: np.random.Generator, width: int, height: int) -> Counted:
    """One street; its kind is what stands in a row behind it and what leads in it."""
    row, lead = ROWS[int(rng.integers(2))], LEADS[int(rng.integers(3))]
    top, low = SKIES[int(rng.integers(len(SKIES)))]
    canvas = LabelledCanvas(vertical(height, width, top, low, SKY), ID["sky"])
    if row == "fronts":
        paint_fronts(canvas, rng, SKY * height, gaps=False)
    else:
        paint_trees(canvas, rng, SKY * height, low=True)
    paint_ground(canvas, rng)
    found = paint_things(canvas, _things(rng, lead), rng)
    image = textured(canvas.image(), canvas.ids(), GRAINS, rng, float(rng.uniform(-1, 1)))
    return Counted(image, found, f"{row} {lead}")


def _things(rng: np.random.Generator, lead: str) -> list[Thing]:
    """The lead, and what comes by, from far to near."""
    side = 1 if rng.random() < 0.5 else -1
    far, near = LANES
    rows: list[tuple[float, Thing]] = []
    if lead == "bus" or (lead == "person" and rng.random() < 0.5):
        rows.append((far, Thing("bus", partial(_bus, x=_at(rng, side * 0.12), foot=far))))
    elif lead == "person" or rng.random() < 0.8:
        rows.append((far, Thing("car", partial(_car, x=_at(rng, side * 0.20), foot=far))))
    if rng.random() < {"car": 1.0, "bus": 0.7, "person": 0.3}[lead]:
        rows.append((near, Thing("car", partial(_car, x=_at(rng, -side * 0.20), foot=near))))
    for _ in range(int(rng.integers(1, 3)) if lead == "person" else int(rng.random() < 0.6)):
        foot, size = PAVEMENTS[int(rng.random() < (0.6 if lead == "person" else 0.25))]
        rows.append((foot, Thing("person", partial(_person, x=_at(rng, 0, 0.36), foot=foot, size=size))))
    return [thing for _, thing in sorted(rows, key=lambda pair: pair[0])]


def _at(rng: np.random.Generator, middle: float, reach: float = 0.09) -> float:
    """A place along the street, in heights from its middle."""
    return middle + float(rng.uniform(-reach, reach))


def _share(canvas: LabelledCanvas, x: float) -> float:
    return 0.5 + x * canvas.height / canvas.width


def _bus(canvas: LabelledCanvas, _: np.random.Generator, x: float, foot: float) -> None:
    paint_bus(canvas, _share(canvas, x), foot, SCALE)


def _car(canvas: LabelledCanvas, rng: np.random.Generator, x: float, foot: float) -> None:
    paint_lane_car(canvas, rng, _share(canvas, x), foot, SCALE)


def _person(canvas: LabelledCanvas, rng: np.random.Generator, x: float, foot: float, size: float) -> None:
    place = (_share(canvas, x) * canvas.width, foot * canvas.height)
    paint_person(canvas, place, size * canvas.height, rng, "person", coat=tint(COAT, float(rng.uniform(0.9, 1.15))))
