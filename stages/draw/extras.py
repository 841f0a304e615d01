"""Passers-by: objects of other classes that share a scene with the bird or the car."""

import numpy as np

from stages.draw.canvas import Canvas, Colour, ellipse, tint


def paint_person(canvas: Canvas, foot: tuple[float, float], height: float, rng: np.random.Generator, part: str, hides: tuple[str, ...] = ()) -> None:
    """A standing person whose feet are at `foot`; height in pixels."""
    coat: Colour = tint(rng.integers(40, 220, 3), 1.0)
    skin: Colour = tint((226, 176, 136), float(rng.uniform(0.5, 1.1)))
    at = lambda points: np.array(points) * height + foot  # noqa: E731
    fill = lambda points, colour: canvas.fill(points, colour, (part,), hides)  # noqa: E731
    fill(at([[-0.11, -0.45], [-0.02, -0.45], [-0.03, 0.0], [-0.12, 0.0]]), (50, 54, 70))
    fill(at([[0.02, -0.45], [0.11, -0.45], [0.12, 0.0], [0.03, 0.0]]), (50, 54, 70))
    fill(at([[-0.17, -0.82], [0.17, -0.82], [0.14, -0.38], [-0.14, -0.38]]), coat)
    fill(at([[-0.17, -0.82], [-0.25, -0.42], [-0.19, -0.40], [-0.12, -0.74]]), tint(coat, 0.8))
    fill(at([[0.17, -0.82], [0.25, -0.42], [0.19, -0.40], [0.12, -0.74]]), tint(coat, 0.8))
    fill(ellipse((foot[0], foot[1] - 0.91 * height), 0.075 * height, 0.09 * height), skin)
