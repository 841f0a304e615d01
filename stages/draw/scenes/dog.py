"""A dog from the side: four builds by ears and legs, in coats near the colours of the ground."""

from dataclasses import dataclass

import numpy as np

from stages.draw.scenes.canvas import Canvas, Colour, ellipse, place, smooth, tint, trace

COATS: dict[str, Colour] = {"tan": (188, 142, 88), "grey": (136, 138, 148), "brown": (92, 62, 46)}
LEGS = {"tall": 0.52, "short": 0.24}
EARS = ("prick", "drop")
BUILDS = tuple((ears, legs) for ears in EARS for legs in LEGS)
# x to the head, y down, the belly's line at 0; one body long.
BODY = ("-0.50 -0.20, -0.46 -0.36, -0.20 -0.37, 0.15 -0.38, 0.42 -0.42, 0.54 -0.28, 0.50 -0.08, 0.36 0.04, "
        "0.05 0.01, -0.25 -0.01, -0.44 0.03")  # fmt: skip
NECK = "0.22 -0.36, 0.40 -0.62, 0.66 -0.56, 0.62 -0.34, 0.52 -0.12"
HEAD = (0.60, -0.62)
MUZZLE = "0.62 -0.72, 0.80 -0.68, 0.98 -0.62, 1.00 -0.50, 0.86 -0.44, 0.64 -0.44"
PRICK = ("0.42 -0.70, 0.40 -1.02, 0.62 -0.80", "0.54 -0.78, 0.60 -1.05, 0.74 -0.76")
TAIL = "-0.44 -0.34, -0.62 -0.42, -0.74 -0.62, -0.80 -0.60, -0.82 -0.48, -0.66 -0.24, -0.48 -0.16"
EYE: Colour = (22, 20, 22)


@dataclass(frozen=True)
class Dog:
    """One dog: where the middle of its belly is, how long its body is (pixels), how it stands, what it is."""

    belly: tuple[float, float]
    size: float
    flip: bool
    steps: tuple[float, float, float, float]
    ears: str
    legs: str
    coat: Colour

    def at(self, points: np.ndarray) -> np.ndarray:
        """The dog's own coordinates to the picture's."""
        return place(points, self.belly, self.size, 0.0, self.flip)


def paint_dog(canvas: Canvas, dog: Dog, part: str) -> None:
    """Paints one dog; its mask is `part`. No part is thinner than a ninth of the body."""
    coat, legs = dog.coat, LEGS[dog.legs]

    def fill(points: np.ndarray, colour: Colour) -> None:
        canvas.fill(dog.at(points), colour, (part,))

    hips = list(zip((-0.30, 0.26, -0.40, 0.40), dog.steps, strict=True))
    for hip, step in hips[:2]:
        fill(_leg(hip, step, legs), tint(coat, 0.78))
    fill(smooth(trace(TAIL)), tint(coat, 0.92))
    for hip, step in hips[2:]:
        fill(_leg(hip, step, legs), tint(coat, 0.96))
    fill(smooth(trace(NECK)), coat)
    fill(smooth(trace(BODY)), coat)
    if dog.ears == "prick":
        for ear, shade in zip(PRICK, (0.80, 0.90), strict=True):
            fill(trace(ear), tint(coat, shade))
    fill(ellipse(HEAD, 0.20, 0.19), coat)
    fill(smooth(trace(MUZZLE)), tint(coat, 1.06))
    if dog.ears == "drop":
        fill(ellipse((0.50, -0.54), 0.105, 0.25, 0.18), tint(coat, 0.80))
    fill(ellipse((0.96, -0.60), 0.055, 0.045), EYE)
    fill(ellipse((0.69, -0.67), 0.030, 0.032), EYE)


def _leg(hip: float, step: float, length: float) -> np.ndarray:
    """From the trunk to the paw, which points to the front."""
    foot = hip + step
    front = [(hip - 0.09, -0.14), (hip + 0.10, -0.14), (foot + 0.08, length - 0.10), (foot + 0.15, length - 0.04)]
    return np.array([*front, (foot + 0.15, length), (foot - 0.08, length)])
