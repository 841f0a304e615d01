"""A drawn bird on a landscape."""

import numpy as np

from stages.draw.backdrop import landscape
from stages.draw.bird_factors import BirdPose, Species, branch_colour
from stages.draw.canvas import Canvas, Colour, blend, ellipse, place, smooth, tint
from stages.draw.chance import generator


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
    if not flying:
        _legs(brush, kind)
    up = kind.plump
    brush.fill(smooth(np.array([[0.95, -0.30], [0.55, -up * 0.92], [0, -up * 0.95], [-0.60, -up * 0.60], [-1.0, -0.02],
                                [-0.55, up * 0.62], [0.10, up], [0.70, up * 0.72]])), kind.back)  # fmt: skip
    brush.fill(smooth(np.array([[0.92, 0.02], [0.40, 0.02], [-0.50, 0.16], [-0.66, up * 0.50], [0.08, up * 0.97], [0.66, up * 0.70]])), kind.belly)
    head = (0.82 + 0.42 * kind.neck, -0.42 - 0.95 * kind.neck + 0.25 * pose.nod)
    if kind.neck > 0.2:
        joint = np.array([[0.45, -0.32], [head[0] - 0.20, head[1]], [head[0] + 0.18, head[1] + 0.05], [0.95, 0.02]])
        brush.fill(joint, kind.head)
    _beak(brush, kind, head)
    brush.fill(ellipse(head, kind.head_size, kind.head_size * 0.92), kind.head)
    if kind.stripe:
        brush.fill(ellipse((head[0] + 0.02, head[1] + 0.01), kind.head_size * 0.95, kind.head_size * 0.20), blend(kind.head, kind.belly, 0.85))
    eye = (head[0] + 0.30 * kind.head_size, head[1] - 0.15 * kind.head_size)
    brush.fill(ellipse(eye, 0.085, 0.085), (250, 248, 240))
    brush.fill(ellipse(eye, 0.055, 0.055), (16, 14, 14))
    if flying:
        _wing(brush, kind.wing, pose.wing_angle, far=False)
    else:
        folded = smooth(np.array([[0.52, -0.30], [0.0, -up * 0.72], [-0.70, -0.18], [-1.12, 0.10], [-0.40, 0.24], [0.28, 0.16]]))
        brush.fill(folded, kind.wing)
        brush.fill(np.array([[-0.05, 0.02], [-1.02, 0.10], [-0.42, 0.19], [0.05, 0.12]]), tint(kind.wing, 0.72))


def _wing(brush: _Brush, colour: Colour, angle: float, far: bool) -> None:
    """A spread wing turned about the shoulder."""
    shape = smooth(np.array([[0.50, 0.10], [0.40, -0.75], [0.05, -1.50], [-0.60, -1.45], [-0.80, -0.70], [-0.62, 0.12]]))
    shape = shape * (0.85 if far else 1.0)
    brush.fill(place(shape, (0.05, -0.10), 1.0, angle), colour)
    if not far:
        brush.fill(place(shape * (0.8, 0.55), (0.0, -0.10), 1.0, angle), tint(colour, 1.25))


def _beak(brush: _Brush, kind: Species, head: tuple[float, float]) -> None:
    r = kind.head_size
    shapes = {
        "Finch": [[0.6 * r, -0.5 * r], [1.75 * r, 0.10 * r], [0.6 * r, 0.65 * r]],
        "Warbler": [[0.7 * r, -0.22 * r], [2.1 * r, 0.12 * r], [0.7 * r, 0.32 * r]],
        "Hawk": [[0.6 * r, -0.45 * r], [1.5 * r, -0.25 * r], [1.72 * r, 0.62 * r], [1.25 * r, 0.28 * r], [0.6 * r, 0.40 * r]],
        "Heron": [[0.6 * r, -0.30 * r], [3.1 * r, 0.25 * r], [0.6 * r, 0.42 * r]],
        "Duck": [[0.6 * r, -0.10 * r], [1.4 * r, 0.05 * r], [2.1 * r, 0.05 * r], [2.15 * r, 0.42 * r], [0.6 * r, 0.62 * r]],
    }
    brush.fill(np.array(shapes[kind.beak]) + head, kind.beak_colour)


def _legs(brush: _Brush, kind: Species) -> None:
    """Two legs that hang straight down in the picture, whatever the lean."""
    length = (0.55 + 0.45 * kind.neck) * brush.unit
    for x in (-0.10, 0.16):
        top = brush.at(np.array([[x, kind.plump * 0.7]]))[0]
        foot = top + (0, length)
        brush.canvas.stroke(np.stack([top, foot]), max(2.0, 0.07 * brush.unit), tint(kind.beak_colour, 0.8), (brush.part,))


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
            canvas.fill(ellipse((x, foot + rise * (1 - 2 * x / width) + 0.03 * side), 0.05 * side, 0.02 * side, float(rng.uniform(-1, 1))), (88, 128, 60))
    elif pose.posture == "standing":
        canvas.fill(ellipse((width / 2, foot + 0.62 * side), 0.9 * width, 0.64 * side), tint(colour, 1.15))
    return canvas.image(), facts
