"""A drawn bird on a landscape."""

import numpy as np

from stages.draw.scenes.backdrop import landscape
from stages.draw.scenes.bird_factors import BirdPose, Species, branch_colour
from stages.draw.scenes.canvas import Canvas, Colour, blend, ellipse, place, smooth, tint, trace
from stages.draw.scenes.chance import generator

BEAK_SHAPES = {  # traces from the head's centre, unit = the head's radius
    "Finch": "0.6 -0.5, 1.75 0.10, 0.6 0.65",
    "Warbler": "0.7 -0.22, 2.1 0.12, 0.7 0.32",
    "Hawk": "0.6 -0.45, 1.5 -0.25, 1.72 0.62, 1.25 0.28, 0.6 0.40",
    "Heron": "0.6 -0.30, 3.1 0.25, 0.6 0.42",
    "Duck": "0.6 -0.10, 1.4 0.05, 2.1 0.05, 2.15 0.42, 0.6 0.62",
}


class _Brush:
    """Paints in bird coordinates: origin at the body's centre, x towards the head, unit = half the body's length."""

    def __init__(self, canvas: Canvas, pose: BirdPose, part: str, hides: tuple[str, ...]):
        side = min(canvas.width, canvas.height)
        self.canvas, self.pose, self.part, self.hides = canvas, pose, part, hides
        self.unit = pose.size * side
        self.centre = ((canvas.width - side) / 2 + pose.centre[0] * side, pose.centre[1] * canvas.height)

    def at(self, points: np.ndarray) -> np.ndarray:
        return place(points, self.centre, self.unit, self.pose.lean, self.pose.flip)

    def fill(self, points: np.ndarray, colour: Colour) -> None:
        self.canvas.fill(self.at(points), colour, (self.part,), self.hides)


def paint_bird(canvas: Canvas, kind: Species, pose: BirdPose, part: str = "bird", hides: tuple[str, ...] = ()) -> None:
    """Paints one bird; its mask is `part`, and it hides what it covers of the parts in `hides`."""
    brush = _Brush(canvas, pose, part, hides)
    flying = pose.posture == "flying"
    if flying:
        _wing(brush, tint(kind.wing, 0.75), pose.wing_angle - 0.5, far=True)
    tail = np.array([[-0.70, -0.16], [-0.95 - kind.tail, -0.24], [-0.90 - kind.tail, 0.10], [-0.62, 0.18]])
    brush.fill(tail, tint(kind.wing, 0.85))
    if pose.posture not in ("flying", "sitting"):
        _legs(brush, kind)
    up = kind.plump
    top, low = trace("0.55 -0.92, 0 -0.95, -0.60 -0.60") * (1, up), trace("-0.55 0.62, 0.10 1, 0.70 0.72") * (1, up)
    brush.fill(smooth(np.vstack([[0.95, -0.30], top, [-1.0, -0.02], low])), kind.back)
    under = trace("-0.66 0.50, 0.08 0.97, 0.66 0.70") * (1, up)
    brush.fill(smooth(np.vstack([trace("0.92 0.02, 0.40 0.02, -0.50 0.16"), under])), kind.belly)
    head = (0.82 + 0.42 * kind.neck, -0.42 - 0.95 * kind.neck + 0.25 * pose.nod)
    if kind.neck > 0.2:
        joint = np.array([[0.45, -0.32], [head[0] - 0.20, head[1]], [head[0] + 0.18, head[1] + 0.05], [0.95, 0.02]])
        brush.fill(joint, kind.head)
    _beak(brush, kind, head)
    brush.fill(ellipse(head, kind.head_size, kind.head_size * 0.92), kind.head)
    if kind.stripe:
        band = ellipse((head[0] + 0.02, head[1] + 0.01), kind.head_size * 0.95, kind.head_size * 0.20)
        brush.fill(band, blend(kind.head, kind.belly, 0.85))
    eye = (head[0] + 0.30 * kind.head_size, head[1] - 0.15 * kind.head_size)
    brush.fill(ellipse(eye, 0.085, 0.085), (250, 248, 240))
    brush.fill(ellipse(eye, 0.055, 0.055), (16, 14, 14))
    if flying:
        _wing(brush, kind.wing, pose.wing_angle, far=False)
    else:
        rim = trace("-0.70 -0.18, -1.12 0.10, -0.40 0.24, 0.28 0.16")
        brush.fill(smooth(np.vstack([[0.52, -0.30], [0.0, -up * 0.72], rim])), kind.wing)
        brush.fill(trace("-0.05 0.02, -1.02 0.10, -0.42 0.19, 0.05 0.12"), tint(kind.wing, 0.72))


def _wing(brush: _Brush, colour: Colour, angle: float, far: bool) -> None:
    """A spread wing turned about the shoulder."""
    shape = smooth(trace("0.50 0.10, 0.40 -0.75, 0.05 -1.50, -0.60 -1.45, -0.80 -0.70, -0.62 0.12"))
    shape = shape * (0.85 if far else 1.0)
    brush.fill(place(shape, (0.05, -0.10), 1.0, angle), colour)
    if not far:
        brush.fill(place(shape * (0.8, 0.55), (0.0, -0.10), 1.0, angle), tint(colour, 1.25))


def _beak(brush: _Brush, kind: Species, head: tuple[float, float]) -> None:
    brush.fill(trace(BEAK_SHAPES[kind.beak]) * kind.head_size + head, kind.beak_colour)


def _legs(brush: _Brush, kind: Species) -> None:
    """Two legs that hang straight down in the picture, whatever the lean."""
    length = (0.55 + 0.45 * kind.neck) * brush.unit
    for x in (-0.10, 0.16):
        top = brush.at(np.array([[x, kind.plump * 0.7]]))[0]
        leg = np.stack([top, top + np.array([0, length])])
        brush.canvas.stroke(leg, max(2.0, 0.07 * brush.unit), tint(kind.beak_colour, 0.8), (brush.part,))


def bird_backdrop(seed: int, key: str, width: int, height: int, pose: BirdPose) -> tuple[np.ndarray, dict[str, object]]:
    """A landscape and, for a perched bird, a branch below it; it depends on the pose and not on the species."""
    rng = generator(seed, "backdrop", key)
    picture, facts = landscape(rng, width, height)
    canvas = Canvas(picture)
    side = min(width, height)
    foot = (pose.centre[1] * height) + 0.95 * pose.size * side
    colour = branch_colour(rng)
    rise = float(rng.uniform(-0.12, 0.12)) * width
    if pose.posture == "perched":
        canvas.stroke(np.array([[0, foot + rise], [width, foot - rise]]), 0.035 * side, colour)
        for _ in range(4):
            x = float(rng.uniform(0, width))
            at = (x, foot + rise * (1 - 2 * x / width) + 0.03 * side)
            canvas.fill(ellipse(at, 0.05 * side, 0.02 * side, float(rng.uniform(-1, 1))), (88, 128, 60))
    elif pose.posture == "standing":
        canvas.fill(ellipse((width / 2, foot + 0.62 * side), 0.9 * width, 0.64 * side), tint(colour, 1.15))
    return canvas.image(), facts
