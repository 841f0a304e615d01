"""Passers-by: objects of other classes that share a scene with the bird or the car."""

import numpy as np

from stages.draw.scenes.canvas import Canvas, Colour, ellipse, place, tint, trace


def paint_person(
    canvas: Canvas,
    foot: tuple[float, float],
    height: float,
    rng: np.random.Generator,
    part: str,
    hides: tuple[str, ...] = (),
    coat: Colour | None = None,
) -> None:
    """A standing person whose feet are at `foot`; height in pixels; a coat of any colour, or of the given one."""
    coat = coat or tint(rng.integers(40, 220, 3), 1.0)
    skin: Colour = tint((226, 176, 136), float(rng.uniform(0.5, 1.1)))
    leg, arm = trace("0.02 -0.45, 0.11 -0.45, 0.12 0, 0.03 0"), trace("0.17 -0.82, 0.25 -0.42, 0.19 -0.40, 0.12 -0.74")
    shapes = [(leg * (side, 1), (50, 54, 70)) for side in (-1, 1)]
    shapes += [(trace("-0.17 -0.82, 0.17 -0.82, 0.14 -0.38, -0.14 -0.38"), coat)]
    shapes += [(arm * (side, 1), tint(coat, 0.8)) for side in (-1, 1)]
    shapes += [(ellipse((0, -0.91), 0.075, 0.09), skin)]
    for shape, colour in shapes:
        canvas.fill(place(shape, foot, height), colour, (part,), hides)
