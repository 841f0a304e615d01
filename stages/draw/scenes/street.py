"""A street seen from across it: sky, fronts or trees, two pavements, two lanes, cars, a bus, people, posts."""

from dataclasses import dataclass

import numpy as np

from stages.data.cityscapes_labels import ID
from stages.draw.scenes.canvas import Colour, ellipse, tint, trace
from stages.draw.scenes.car import Car, CarPose, car_of, paint_car
from stages.draw.scenes.extras import paint_person
from stages.draw.scenes.fronts import paint_fronts, paint_trees
from stages.draw.scenes.labelled import LabelledCanvas, textured, vertical

ROWS = ("fronts", "trees", "mixed")
LEADS = ("car", "bus", "person")
SKY, KERB, NEAR = 0.50, 0.57, 0.90  # where pavement, road and the near pavement begin, as shares of the height
LANES = (0.70, 0.86)  # where wheels stand
SKIES: tuple[tuple[Colour, Colour], ...] = (((118, 166, 218), (214, 228, 240)), ((160, 170, 184), (214, 216, 218)))
GRAINS = {  # in patches, from pixel to pixel
    ID["road"]: (0.07, 0.03), ID["sidewalk"]: (0.05, 0.05), ID["building"]: (0.06, 0.02), ID["sky"]: (0.06, 0.0),
    ID["vegetation"]: (0.30, 0.14), ID["terrain"]: (0.18, 0.10), ID["person"]: (0.05, 0.0),
}  # fmt: skip
# One hue for each kind of thing, and nothing else in the street as saturated, so that hue alone finds them.
PAINTS = ("red", "yellow")
SHAPES = ("Sedan", "SUV")
COAT: Colour = (132, 44, 176)
BUS: Colour = (16, 150, 146)


@dataclass(frozen=True)
class Street:
    """Shapes: image uint8 [H W 3], ids int32 [H W] as Cityscapes counts instances."""

    image: np.ndarray
    ids: np.ndarray
    row: str
    lead: str

    @property
    def labels(self) -> np.ndarray:
        """The class of each pixel. Shapes: -> uint8 [H W]."""
        return class_of(self.ids).astype(np.uint8)


def class_of(ids: np.ndarray) -> np.ndarray:
    """The class of an instance id."""
    return np.where(ids < 1000, ids, ids // 1000)


def draw_street(rng: np.random.Generator, width: int, height: int) -> Street:
    """One street; what stands in a row behind it and what leads in it are drawn first."""
    row, lead = ROWS[int(rng.integers(3))], LEADS[int(rng.integers(3))]
    top, low = SKIES[int(rng.integers(len(SKIES)))]
    canvas = LabelledCanvas(vertical(height, width, top, low, SKY), ID["sky"])
    if row != "trees":
        paint_fronts(canvas, rng, SKY * height, gaps=row == "mixed")
    if row != "fronts":
        paint_trees(canvas, rng, SKY * height, low=row == "trees")
    paint_ground(canvas, rng)
    _posts(canvas, rng)
    _things(canvas, rng, lead)
    _bonnet(canvas, rng)
    ids = canvas.ids()
    light = float(rng.uniform(-1, 1))
    return Street(textured(canvas.image(), class_of(ids), GRAINS, rng, light), ids, row, lead)


def paint_ground(canvas: LabelledCanvas, rng: np.random.Generator) -> None:
    """Two pavements and a road of two lanes between them."""
    height, width = canvas.height, canvas.width
    grey = float(rng.uniform(84, 112))
    stone: Colour = tint((176, 168, 158), float(rng.uniform(0.88, 1.05)))
    for top, bottom in ((SKY, KERB), (NEAR, 1.0)):
        canvas.identifier = ID["sidewalk"]
        canvas.band(top * height, bottom * height, stone)
        for x in np.arange(float(rng.uniform(0, 0.06)), 1, 0.06) * width:
            canvas.stroke(np.array([[x, top * height], [x, bottom * height]]), 0.5, tint(stone, 0.88))
        edge = bottom if bottom == KERB else top
        canvas.band((edge - 0.008) * height, (edge + 0.008) * height, tint(stone, 1.18))
    canvas.identifier = ID["road"]
    canvas.band((KERB + 0.008) * height, (NEAR - 0.008) * height, tint((grey, grey, grey * 0.98), 1.0))
    middle = 0.5 * (LANES[0] + LANES[1]) - 0.03
    for x in np.arange(float(rng.uniform(-0.1, 0.1)), 1, 0.2):
        dash = np.array([[x, middle], [x + 0.11, middle], [x + 0.11, middle + 0.014], [x, middle + 0.014]])
        canvas.fill(dash * (width, height), (222, 220, 206))


def _posts(canvas: LabelledCanvas, rng: np.random.Generator) -> None:
    """One to three posts on the far pavement, some with a sign or a light."""
    height = canvas.height
    for place in rng.choice(7, int(rng.integers(1, 4)), replace=False).tolist():
        x, foot = (place + 0.5 + float(rng.uniform(-0.2, 0.2))) / 7 * canvas.width, (KERB - 0.02) * height
        top = float(rng.uniform(0.16, 0.30)) * height
        canvas.identifier = ID["pole"]
        canvas.stroke(np.array([[x, foot], [x, top]]), 0.022 * height, (96, 98, 102))
        head = str(rng.choice(["lamp", "sign", "light"]))
        if head == "sign":
            canvas.identifier = ID["traffic sign"]
            canvas.fill(ellipse((x, top), 0.052 * height, 0.052 * height), (236, 236, 232))
            canvas.fill(ellipse((x, top), 0.032 * height, 0.032 * height), (84, 110, 150))
        elif head == "light":
            canvas.identifier = ID["traffic light"]
            box = np.array([[-0.03, -0.075], [0.03, -0.075], [0.03, 0.075], [-0.03, 0.075]]) * height + (x, top)
            canvas.fill(box, (44, 46, 48))
            for step, colour in enumerate(((196, 104, 96), (200, 176, 116), (112, 176, 124))):
                canvas.fill(ellipse((x, top + (step - 1) * 0.045 * height), 0.018 * height, 0.018 * height), colour)
        else:
            canvas.stroke(np.array([[x, top], [x + 0.07 * height, top - 0.02 * height]]), 0.02 * height, (96, 98, 102))


def _things(canvas: LabelledCanvas, rng: np.random.Generator, lead: str) -> None:
    """The lead in the middle of the street, and what else comes by, from far to near."""
    cars = int(rng.integers(1, 3)) if lead == "car" else int(rng.integers(0, 2))
    people = int(rng.integers(2, 4)) if lead == "person" else int(rng.integers(0, 2))
    numbers = {"car": 0, "bus": 0, "person": 0}
    for foot, name in sorted(_places(rng, cars, people, lead == "bus")):
        canvas.identifier = 1000 * ID[name] + numbers[name]
        numbers[name] += 1
        x = float(rng.uniform(0.12, 0.88))
        if name == "person":
            size = (0.24 + 0.55 * (foot - KERB)) * canvas.height
            paint_person(canvas, (x * canvas.width, foot * canvas.height), size, rng, "person", coat=tint(COAT, 1.0))
        elif name == "bus":
            paint_bus(canvas, x, foot)
        else:
            paint_lane_car(canvas, rng, x, foot)


def _places(rng: np.random.Generator, cars: int, people: int, bus: bool) -> list[tuple[float, str]]:
    lanes = list(LANES)
    rng.shuffle(lanes)
    found = [(lanes.pop(), "bus")] if bus else []
    found += [(lanes.pop(), "car") for _ in range(min(cars, len(lanes)))]
    return found + [(float(rng.choice([KERB - 0.02, 0.965])), "person") for _ in range(people)]


def paint_lane_car(canvas: LabelledCanvas, rng: np.random.Generator, x: float, foot: float, scale: float = 1.0) -> None:
    """A car in one of the two lanes, red or yellow; its middle is at x, a share of the width."""
    near = foot == LANES[1]
    car: Car = car_of(SHAPES[int(rng.integers(2))], PAINTS[int(rng.integers(2))], rng)
    centre = ((x - 0.5) * canvas.width / canvas.height + 0.5, foot)
    size = (0.72 if near else 0.56) * scale * float(rng.uniform(0.94, 1.06))
    pose = CarPose(centre, size, near, (0.02, 0.02), 1.0, 0.0)
    _shadow(canvas, x, foot, pose.size * 0.5)
    paint_car(canvas, car, pose)


def paint_bus(canvas: LabelledCanvas, x: float, foot: float, scale: float = 1.0) -> None:
    """A bus in one of the two lanes; its middle is at x, a share of the width."""
    flip = foot == LANES[0]
    unit = (0.86 if flip else 1.06) * scale * canvas.height
    _shadow(canvas, x, foot, 0.5 * unit / canvas.height)
    at = np.array([x * canvas.width, foot * canvas.height])

    def fill(text: str, colour: Colour) -> None:
        canvas.fill(trace(text) * (-unit if flip else unit, unit) + at, colour)

    fill("-0.5 -0.04, -0.5 -0.34, -0.47 -0.37, 0.47 -0.37, 0.5 -0.33, 0.5 -0.04", BUS)
    fill("-0.5 -0.04, -0.5 -0.10, 0.5 -0.10, 0.5 -0.04", tint(BUS, 0.7))
    for left in (-0.45, -0.27, -0.09, 0.09):
        fill(f"{left} -0.20, {left} -0.33, {left + 0.15} -0.33, {left + 0.15} -0.20", (66, 84, 98))
    fill("0.30 -0.08, 0.30 -0.33, 0.44 -0.33, 0.44 -0.08", (78, 96, 110))
    for wheel in (-0.30, 0.24):
        centre = (float(at[0] + (-wheel if flip else wheel) * unit), float(at[1] - 0.05 * unit))
        canvas.fill(ellipse(centre, 0.055 * unit, 0.055 * unit), (30, 30, 32))
        canvas.fill(ellipse(centre, 0.026 * unit, 0.026 * unit), (150, 152, 156))


def _shadow(canvas: LabelledCanvas, x: float, foot: float, half: float) -> None:
    """On the road, whose id it keeps."""
    kept, canvas.identifier = canvas.identifier, ID["road"]
    canvas.fill(ellipse((x * canvas.width, foot * canvas.height), half * canvas.height, 0.025 * canvas.height),
                (58, 58, 60))  # fmt: skip
    canvas.identifier = kept


def _bonnet(canvas: LabelledCanvas, rng: np.random.Generator) -> None:
    """The car that the camera rides in: not evaluated."""
    canvas.identifier = ID["ego vehicle"]
    centre = (float(rng.uniform(0.45, 0.55)) * canvas.width, 1.03 * canvas.height)
    canvas.fill(ellipse(centre, 0.30 * canvas.width, 0.06 * canvas.height), (52, 54, 58))
