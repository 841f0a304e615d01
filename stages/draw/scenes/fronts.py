"""What stands in a row behind a street: house fronts with windows, and trees."""

import numpy as np

from stages.data.cityscapes_labels import ID
from stages.draw.scenes.canvas import Colour, ellipse, tint
from stages.draw.scenes.labelled import LabelledCanvas

WALLS: tuple[Colour, ...] = ((178, 134, 108), (204, 192, 168), (150, 152, 158), (168, 118, 98), (192, 178, 132))
GREEN: Colour = (82, 116, 68)


def paint_fronts(canvas: LabelledCanvas, rng: np.random.Generator, ground: float, gaps: bool) -> None:
    """Fronts that stand on the line y = ground, side by side or with gaps."""
    left = -float(rng.uniform(0, 0.2)) * canvas.width
    while left < canvas.width:
        wide, high = float(rng.uniform(0.18, 0.34)) * canvas.width, float(rng.uniform(0.62, 0.96)) * ground
        _front(canvas, rng, left, ground, wide, high)
        left += wide * (float(rng.uniform(1.25, 1.9)) if gaps else 1.0)


def _front(
    canvas: LabelledCanvas, rng: np.random.Generator, left: float, ground: float, wide: float, high: float
) -> None:
    canvas.identifier = ID["building"]
    wall = tint(WALLS[int(rng.integers(len(WALLS)))], float(rng.uniform(0.85, 1.08)))
    columns, floors = int(rng.integers(3, 6)), int(rng.integers(3, 5))

    def fill(u0: float, v0: float, u1: float, v1: float, colour: Colour) -> None:
        box = np.array([[u0, -v1], [u1, -v1], [u1, -v0], [u0, -v0]]) * (wide, high)
        canvas.fill(np.add(box, (left, ground)), colour)

    fill(0.0, 0.0, 1.0, 1.0, wall)
    fill(0.0, 0.96, 1.0, 1.0, tint(wall, 0.66))  # the eaves
    fill(0.0, 0.0, 0.02, 1.0, tint(wall, 0.80))  # the edge to the house beside it
    door = int(rng.integers(columns))
    for floor in range(floors):
        base = (floor + 0.22) / floors * 0.95
        for column in range(columns):
            u = (column + 0.26) / columns
            if floor == 0 and column == door:
                fill(u, 0.0, u + 0.44 / columns, 0.62 / floors, tint(wall, 0.40))
                continue
            pane = tint((92, 106, 122), float(rng.uniform(0.8, 1.25)))
            fill(u - 0.03 / columns, base - 0.03 / floors, u + 0.51 / columns, base + 0.57 / floors, tint(wall, 1.2))
            fill(u, base, u + 0.48 / columns, base + 0.54 / floors, pane)


def paint_trees(canvas: LabelledCanvas, rng: np.random.Generator, ground: float, low: bool) -> None:
    """Trees on the line y = ground; `low` puts a hedge and grass behind them."""
    if low:
        canvas.identifier = ID["vegetation"]
        for x in np.arange(-0.05, 1.1, 0.09) * canvas.width:
            bush = (float(x), ground - 0.08 * ground)
            canvas.fill(ellipse(bush, 0.09 * canvas.width, float(rng.uniform(0.2, 0.34)) * ground), tint(GREEN, 0.72))
        canvas.identifier = ID["terrain"]
        canvas.band(0.90 * ground, ground + 1, (134, 152, 90))
    canvas.identifier = ID["vegetation"]
    for place in rng.choice(6, int(rng.integers(3, 5)), replace=False).tolist():
        x = (place + 0.5 + float(rng.uniform(-0.3, 0.3))) / 6 * canvas.width
        high, wide = float(rng.uniform(0.62, 0.86)) * ground, float(rng.uniform(0.055, 0.085)) * canvas.width
        leaf = tint(GREEN, float(rng.uniform(0.85, 1.2)))
        canvas.stroke(np.array([[x, ground + 1], [x, ground - 0.6 * high]]), 0.014 * canvas.width, (92, 76, 60))
        for dx, dy, size, shade in (
            (0, 0.62, 1.0, 0.9),
            (-0.5, 0.52, 0.7, 0.8),
            (0.5, 0.55, 0.7, 1.0),
            (0.1, 0.82, 0.7, 1.12),
        ):
            crown = (x + dx * wide, ground - dy * high)
            canvas.fill(ellipse(crown, wide * size, 0.30 * high * size), tint(leaf, shade))
