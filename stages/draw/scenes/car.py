"""A drawn car on a street: an outline pushed back into depth, so that its heading shows."""

from dataclasses import dataclass
from typing import cast

import numpy as np

from stages.draw.scenes.backdrop import street
from stages.draw.scenes.canvas import Canvas, Colour, blend, ellipse, place, tint, trace
from stages.draw.scenes.car_shapes import COLOURS, SHAPES, Shape
from stages.draw.scenes.chance import generator

GLASS: Colour = (58, 74, 90)
RUBBER: Colour = (26, 26, 28)
HEAD_LAMP: Colour = (250, 244, 206)
TAIL_LAMP: Colour = (186, 30, 34)


@dataclass(frozen=True)
class Car:
    """What makes a car: the shape's and the base colour's names, and the paint itself."""

    shape: str
    colour: str
    paint: Colour


@dataclass(frozen=True)
class CarPose:
    """Where a car stands and how it is turned; centre and size are shares of the shorter side, depth of the size."""

    centre: tuple[float, float]
    size: float
    flip: bool
    depth: tuple[float, float]
    squash: float
    roll: float


def car_of(shape: str, colour: str, rng: np.random.Generator) -> Car:
    """A car of the shape whose paint lies near the base colour."""
    paint = np.asarray(COLOURS[colour], float) * rng.uniform(0.90, 1.08) + rng.uniform(-7, 7, 3)
    return Car(shape, colour, tint(paint, 1.0))


def car_pose(rng: np.random.Generator) -> CarPose:
    """One pose, drawn without knowing shape or colour."""
    turn = float(rng.uniform(-1, 1))
    return CarPose(
        centre=(float(rng.uniform(0.47, 0.53)), float(rng.uniform(0.74, 0.82))),
        size=float(rng.uniform(0.78, 0.94)),
        flip=bool(rng.random() < 0.5),
        depth=(0.16 * turn, float(rng.uniform(0.03, 0.08))),
        squash=1 - 0.22 * abs(turn),
        roll=float(rng.uniform(-0.03, 0.03)),
    )


class _Brush:
    """Paints in car coordinates: x from the rear, y up from the ground, unit = the longest car's length."""

    def __init__(self, canvas: Canvas, car: Car, pose: CarPose, part: str, hides: tuple[str, ...]):
        side = min(canvas.width, canvas.height)
        self.canvas, self.part, self.hides, self.pose = canvas, part, hides, pose
        self.unit = pose.size * side
        self.centre = ((canvas.width - side) / 2 + pose.centre[0] * side, pose.centre[1] * canvas.height)
        self.stretch = SHAPES[car.shape].length * pose.squash

    def at(self, points: np.ndarray, back: float = 0.0) -> np.ndarray:
        """Car coordinates to the picture; `back` = 1 lies on the far side."""
        x, y = np.asarray(points, float).T
        own = np.stack([(x - 0.5) * self.stretch + back * self.pose.depth[0], -y - back * self.pose.depth[1]], 1)
        return place(own, self.centre, self.unit, self.pose.roll, self.pose.flip)

    def fill(self, points: np.ndarray, colour: Colour, back: float = 0.0) -> None:
        self.canvas.fill(self.at(points, back), colour, (self.part,), self.hides)

    def wall(self, start: np.ndarray, end: np.ndarray, colour: Colour) -> None:
        """The strip between an edge and its copy on the far side."""
        edge = np.stack([start, end])
        self.canvas.fill(np.vstack([self.at(edge), self.at(edge[::-1], 1.0)]), colour, (self.part,), self.hides)


def paint_car(canvas: Canvas, car: Car, pose: CarPose, part: str = "car", hides: tuple[str, ...] = ()) -> None:
    """Paints one car; its mask is `part`, and it hides what it covers of the parts in `hides`."""
    shape, brush = SHAPES[car.shape], _Brush(canvas, car, pose, part, hides)
    outline = trace(shape.outline)
    _wheels(brush, shape, back=1.0)
    brush.fill(outline, tint(car.paint, 0.55), 1.0)
    _body_walls(brush, shape, car, outline)
    brush.fill(outline, car.paint)
    _trim(brush, shape, car, outline)
    _wheels(brush, shape, back=0.0)


def _body_walls(brush: _Brush, shape: Shape, car: Car, outline: np.ndarray) -> None:
    """Roof, bonnet, front and rear as strips; the steep ones above the belt line are glass."""
    belt = min(trace(window)[:, 1].min() for window in shape.windows)
    strips = list(range(len(outline) - 1))
    if brush.pose.depth[0] > 0:  # the front turns away: from the front to the rear, so that nearer strips come last
        strips.reverse()
    for index in strips:
        start, end = outline[index], outline[index + 1]
        run, rise = abs(end[0] - start[0]), abs(end[1] - start[1])
        slope = np.arctan2(rise, run)
        colour = tint(car.paint, 1.18 - 0.45 * slope)
        glass = rise > 0.07 and max(start[1], end[1]) > belt + 0.06 and min(start[1], end[1]) > belt - 0.04
        brush.wall(start, end, GLASS if glass else colour)


def _trim(brush: _Brush, shape: Shape, car: Car, outline: np.ndarray) -> None:
    """Shade along the sill, windows, door lines, lamps and bumpers."""
    low = shape.sill
    brush.fill(np.array([[0.0, low], [0.005, low + 0.06], [0.995, low + 0.06], [1.0, low]]), tint(car.paint, 0.72))
    for window in shape.windows:
        pane = trace(window)
        brush.fill(pane, GLASS)
        glint = pane.mean(0) + (pane - pane.mean(0)) * 0.55 + np.array([0.005, 0.012])
        brush.fill(glint, blend(GLASS, (200, 220, 235), 0.35))
    brush.fill(trace("-0.07 -0.01, 0 -0.02, 0 -0.065, -0.06 -0.055") + outline[-2], HEAD_LAMP)
    brush.fill(trace("0 0, 0.045 0, 0.04 -0.06, 0 -0.06") + outline[1], TAIL_LAMP)
    belt = trace(shape.windows[-1])[:, 1].min()
    for x in (0.36, 0.60) if car.shape not in ("Coupe", "Convertible", "Cab") else (0.62,):
        seam = np.array([[x, low + 0.04], [x + 0.008, low + 0.04], [x + 0.008, belt - 0.01], [x, belt - 0.01]])
        brush.fill(seam, tint(car.paint, 0.6))
    if car.shape == "Convertible":
        for x in (0.36, 0.47):
            brush.fill(ellipse((x, 0.245), 0.035, 0.045), (70, 44, 36))


def _wheels(brush: _Brush, shape: Shape, back: float) -> None:
    for x in shape.wheels:
        r = shape.radius
        rim = ellipse((x, r), r / brush.stretch * brush.pose.squash, r)
        brush.fill(rim, RUBBER, back)
        if back == 0.0:
            brush.fill((x, r) + (rim - (x, r)) * 0.58, (176, 178, 182))
            brush.fill((x, r) + (rim - (x, r)) * 0.22, (90, 92, 96))


def car_backdrop(seed: int, key: str, width: int, height: int, pose: CarPose) -> tuple[np.ndarray, dict[str, object]]:
    """A street with a shadow where a car will stand; it depends on the pose and on neither shape nor colour."""
    rng = generator(seed, "backdrop", key)
    ground = pose.centre[1]
    picture, facts = street(rng, width, height, ground - float(rng.uniform(0.10, 0.18)))
    canvas = Canvas(picture)
    side = min(width, height)
    at = ((width - side) / 2 + pose.centre[0] * side, ground * height)
    shadow = tint((float(cast(float, facts["asphalt"])),) * 3, 0.55)
    canvas.fill(ellipse(at, 0.50 * pose.size * pose.squash * side, 0.035 * side), shadow)
    return canvas.image(), facts
