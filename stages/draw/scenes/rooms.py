"""Scenes in and out of doors over twelve classes: a bedroom, a kitchen, a road with houses, a meadow by mountains."""

from collections.abc import Callable

import numpy as np

from stages.data.ade20k_labels import ID
from stages.draw.scenes.canvas import Colour, ellipse, smooth, tint
from stages.draw.scenes.labelled import LabelledCanvas, textured, vertical

UNKNOWN = 0
GRAINS = {
    ID["wall"]: (0.05, 0.01), ID["building"]: (0.05, 0.02), ID["sky"]: (0.06, 0.0), ID["floor"]: (0.08, 0.03),
    ID["tree"]: (0.28, 0.14), ID["ceiling"]: (0.04, 0.0), ID["road"]: (0.08, 0.04), ID["bed"]: (0.06, 0.02),
    ID["grass"]: (0.20, 0.10), ID["cabinet"]: (0.05, 0.02), ID["mountain"]: (0.14, 0.05),
}  # fmt: skip
WALLS: tuple[Colour, ...] = ((214, 200, 170), (176, 196, 204), (206, 182, 174), (190, 204, 178))
WOODS: tuple[Colour, ...] = ((158, 110, 70), (126, 86, 58), (190, 148, 102))
CLOTHS: tuple[Colour, ...] = ((92, 120, 176), (170, 84, 92), (110, 150, 120), (222, 214, 200))
HOUSES: tuple[Colour, ...] = ((186, 138, 110), (206, 196, 176), (150, 156, 168))


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """A rectangle's corners."""
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]])


class _Brush:
    """Paints in shares of the picture's width and height."""

    def __init__(self, canvas: LabelledCanvas):
        self.canvas, self.scale = canvas, np.array([canvas.width, canvas.height])

    def fill(self, name: str, points: np.ndarray, colour: Colour) -> None:
        self.canvas.identifier = ID.get(name, UNKNOWN)
        self.canvas.fill(points * self.scale, colour)


def draw_room(rng: np.random.Generator, width: int, height: int) -> tuple[np.ndarray, np.ndarray, str]:
    """One scene: picture uint8 [H W 3], labels uint8 [H W] as in the files, kind."""
    kind = str(rng.choice(sorted(SCENES)))
    start: Colour = (150, 146, 140)
    canvas = LabelledCanvas(vertical(height, width, start, start), UNKNOWN)
    SCENES[kind](_Brush(canvas), rng)
    labels = canvas.ids().astype(np.uint8)
    return textured(canvas.image(), labels, GRAINS, rng, float(rng.uniform(-1, 1))), labels, kind


def _shell(brush: _Brush, rng: np.random.Generator) -> tuple[float, float, float, float, Colour]:
    """Ceiling, back wall, side walls and floor in perspective; gives the back wall and its colour."""
    left, right = float(rng.uniform(0.12, 0.26)), float(rng.uniform(0.74, 0.88))
    top, bottom = float(rng.uniform(0.12, 0.20)), float(rng.uniform(0.58, 0.66))
    wall = WALLS[int(rng.integers(len(WALLS)))]
    wood = WOODS[int(rng.integers(len(WOODS)))]
    brush.fill("ceiling", np.array([[0, 0], [1, 0], [right, top], [left, top]]), (238, 236, 230))
    brush.fill("wall", np.array([[0, 0], [left, top], [left, bottom], [0, 0.92]]), tint(wall, 0.84))
    brush.fill("wall", np.array([[1, 0], [right, top], [right, bottom], [1, 0.92]]), tint(wall, 0.92))
    brush.fill("floor", np.array([[0, 0.92], [left, bottom], [right, bottom], [1, 0.92], [1, 1], [0, 1]]), wood)
    for share in np.linspace(0, 1, 8)[1:-1]:
        far, near = left + share * (right - left), -0.3 + share * 1.6
        brush.fill(
            "floor", np.array([[far, bottom], [far + 0.006, bottom], [near + 0.02, 1], [near, 1]]), tint(wood, 0.84)
        )
    brush.fill("wall", box(left, top, right, bottom), wall)
    return left, top, right, bottom, wall


def _window(brush: _Brush, left: float, top: float, right: float, bottom: float) -> None:
    brush.fill("windowpane", box(left - 0.015, top - 0.015, right + 0.015, bottom + 0.015), (244, 244, 240))
    brush.fill("windowpane", box(left, top, right, bottom), (166, 204, 232))
    middle = (left + right) / 2
    brush.fill("windowpane", box(middle - 0.008, top, middle + 0.008, bottom), (244, 244, 240))
    brush.fill("windowpane", np.array([[left, top + 0.1], [left + 0.08, top], [left + 0.12, top], [left, top + 0.15]]),
               (206, 228, 242))  # fmt: skip


def _bedroom(brush: _Brush, rng: np.random.Generator) -> None:
    left, top, right, bottom, _ = _shell(brush, rng)
    at = float(rng.uniform(left + 0.04, right - 0.26))
    _window(brush, at, top + 0.07, at + 0.20, top + 0.28)
    cloth, side = CLOTHS[int(rng.integers(len(CLOTHS)))], float(rng.uniform(0.10, 0.40))
    wood = WOODS[int(rng.integers(len(WOODS)))]
    brush.fill("bed", box(side, bottom - 0.16, side + 0.40, bottom + 0.12), wood)
    spread = np.array([[side, bottom], [side + 0.40, bottom], [side + 0.54, 0.88], [side - 0.14, 0.88]])
    brush.fill("bed", spread, cloth)
    brush.fill(
        "bed",
        np.array([[side - 0.14, 0.88], [side + 0.54, 0.88], [side + 0.54, 0.96], [side - 0.14, 0.96]]),
        tint(cloth, 0.7),
    )
    brush.fill("bed", spread * (1, 0.45) + (0, 0.50 * bottom), tint(cloth, 1.15))
    for x in (side + 0.04, side + 0.22):
        brush.fill("bed", box(x, bottom - 0.05, x + 0.15, bottom + 0.04), (246, 244, 238))
    lamp = side + 0.48 if side < 0.25 else side - 0.10
    brush.fill(
        "unknown",
        np.array([[lamp, 0.44], [lamp + 0.06, 0.44], [lamp + 0.09, 0.54], [lamp - 0.03, 0.54]]),
        (248, 226, 160),
    )
    brush.fill("cabinet", box(lamp - 0.04, 0.56, lamp + 0.10, 0.74), tint(wood, 0.9))


def _kitchen(brush: _Brush, rng: np.random.Generator) -> None:
    left, top, right, bottom, _ = _shell(brush, rng)
    colour = (WOODS + CLOTHS[:1])[int(rng.integers(4))]
    gap = float(rng.uniform(left + 0.10, right - 0.34))
    _window(brush, gap, top + 0.08, gap + 0.22, top + 0.30)
    for x in np.arange(left, right - 0.05, 0.13):
        if x + 0.12 < gap - 0.02 or x > gap + 0.24:
            brush.fill("cabinet", box(x, top + 0.03, x + 0.122, top + 0.22), colour)
            brush.fill("cabinet", box(x + 0.095, top + 0.12, x + 0.107, top + 0.18), tint(colour, 0.5))
        brush.fill("cabinet", box(x, bottom - 0.14, x + 0.122, bottom + 0.10), tint(colour, 0.9))
        brush.fill("cabinet", box(x + 0.02, bottom - 0.08, x + 0.10, bottom + 0.06), tint(colour, 1.06))
    brush.fill("cabinet", box(left - 0.02, bottom - 0.17, right + 0.02, bottom - 0.13), (226, 222, 214))
    bowl = (float(rng.uniform(left + 0.1, right - 0.1)), bottom - 0.185)
    brush.fill("unknown", ellipse(bowl, 0.05, 0.03), (206, 120, 70))


def _road(brush: _Brush, rng: np.random.Generator) -> None:
    horizon = float(rng.uniform(0.42, 0.52))
    for row, height in enumerate(np.linspace(0, horizon, 7)[:-1]):
        brush.fill("sky", box(0, height, 1, horizon), tint((118, 168, 222), 1 + 0.07 * row))
    brush.fill("grass", box(0, horizon, 1, 1), (116, 146, 74))
    vanish = float(rng.uniform(0.4, 0.6))
    brush.fill(
        "road", np.array([[vanish - 0.03, horizon], [vanish + 0.03, horizon], [0.92, 1], [0.08, 1]]), (112, 112, 114)
    )
    for near, far in ((0.96, 0.86), (0.80, 0.73), (0.69, 0.64)):
        half = 0.012 * (near - horizon) / 0.5
        near_x, far_x = (vanish + (0.5 - vanish) * (y - horizon) / (1 - horizon) for y in (near, far))
        dash = np.array([[far_x - half, far], [far_x + half, far], [near_x + half, near], [near_x - half, near]])
        brush.fill("road", dash, (226, 224, 214))
    for side in (-1, 1):
        x = vanish + side * 0.12
        while -0.2 < x < 1.0:
            wide, high = float(rng.uniform(0.16, 0.26)), float(rng.uniform(0.20, 0.38))
            left = x if side > 0 else x - wide
            _house(brush, rng, left, horizon + 0.02, wide, high) if rng.random() < 0.6 else _tree(
                brush, rng, left + wide / 2, horizon + 0.04, high
            )
            x += side * wide * 1.05


def _house(brush: _Brush, rng: np.random.Generator, left: float, ground: float, wide: float, high: float) -> None:
    wall = HOUSES[int(rng.integers(len(HOUSES)))]
    brush.fill("building", box(left, ground - high, left + wide, ground), wall)
    roof = np.array(
        [[left - 0.015, ground - high], [left + wide / 2, ground - 1.35 * high], [left + wide + 0.015, ground - high]]
    )
    brush.fill("building", roof, tint((150, 80, 64), float(rng.uniform(0.8, 1.1))))
    for u in (0.14, 0.58):
        for v in (0.86, 0.44):
            x, y = left + u * wide, ground - v * high
            brush.fill("building", box(x, y, x + 0.26 * wide, y + 0.26 * high), (84, 98, 116))


def _tree(brush: _Brush, rng: np.random.Generator, x: float, ground: float, high: float) -> None:
    leaf = tint((84, 122, 66), float(rng.uniform(0.8, 1.2)))
    brush.fill("tree", box(x - 0.012, ground - 0.6 * high, x + 0.012, ground), (96, 76, 58))
    for dx, dy, size in ((-0.06, 0.55, 0.8), (0.06, 0.58, 0.8), (0, 0.80, 1.0)):
        brush.fill(
            "tree", ellipse((x + dx, ground - dy * high), 0.085 * size, 0.32 * high * size), tint(leaf, 0.85 + 0.3 * dy)
        )


def _meadow(brush: _Brush, rng: np.random.Generator) -> None:
    horizon = float(rng.uniform(0.50, 0.60))
    for row, height in enumerate(np.linspace(0, horizon, 7)[:-1]):
        brush.fill("sky", box(0, height, 1, horizon), tint((124, 172, 222), 1 + 0.06 * row))
    for depth, colour in enumerate(((142, 154, 176), (116, 132, 140))):
        peaks = rng.uniform(0.12, 0.34 - 0.1 * depth, 5)
        chain = np.stack([np.linspace(-0.1, 1.1, 9), np.full(9, horizon - 0.06)], 1)
        chain[[0, 2, 4, 6, 8], 1] -= peaks
        brush.fill("mountain", np.vstack([chain, [[1.1, horizon + 0.02], [-0.1, horizon + 0.02]]]), colour)
        for peak in (2, 4, 6):
            shade = np.array([chain[peak], chain[peak + 1], (chain[peak] + chain[peak + 1]) / 2 + (-0.04, 0.05)])
            brush.fill("mountain", shade, tint(colour, 0.86))
    brush.fill("grass", box(0, horizon, 1, 1), (122, 152, 72))
    sweep = smooth(np.array([[-0.2, 0.75], [0.4, 0.66], [1.2, 0.80], [1.2, 1.1], [-0.2, 1.1]]))
    brush.fill("grass", sweep, (104, 138, 64))
    for foot in sorted(rng.uniform(horizon + 0.03, 0.95, int(rng.integers(2, 5))).tolist()):
        _tree(brush, rng, float(rng.uniform(0.05, 0.95)), foot, 0.16 + 0.5 * (foot - horizon))


SCENES: dict[str, Callable[[_Brush, np.random.Generator], None]] = {
    "bedroom": _bedroom, "kitchen": _kitchen, "road": _road, "meadow": _meadow,
}  # fmt: skip
