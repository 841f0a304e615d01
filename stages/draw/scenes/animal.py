"""A horse or a zebra from the side: one body, in a brown coat or in stripes."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from stages.draw.scenes.canvas import OVERSAMPLE, Canvas, Colour, ellipse, place, smooth, tint, trace

COATS: tuple[Colour, ...] = ((134, 78, 42), (98, 58, 36), (168, 104, 56), (70, 46, 36))
WHITE: Colour = (236, 232, 224)
BLACK: Colour = (34, 30, 30)
# x to the head, y down, feet at 0, about one body long.
TORSO = ("-0.53 -0.62, -0.50 -0.76, -0.36 -0.84, -0.12 -0.79, 0.12 -0.79, 0.28 -0.85, 0.42 -0.80, 0.49 -0.64, "
         "0.42 -0.48, 0.24 -0.40, 0.00 -0.37, -0.22 -0.40, -0.40 -0.46, -0.51 -0.50")  # fmt: skip
TAIL = "-0.49 -0.76, -0.58 -0.70, -0.63 -0.48, -0.60 -0.26, -0.56 -0.34, -0.55 -0.54, -0.47 -0.66"


@dataclass(frozen=True)
class Front:
    """Neck and head in one carriage; the mane runs along the neck, whose stripes lie between two lines."""

    neck: str
    head: str
    ears: str
    mane: str
    eye: tuple[float, float]
    muzzle: tuple[float, float]
    crest: tuple[str, str]


UP = Front(
    neck="0.20 -0.84, 0.36 -1.00, 0.52 -1.20, 0.62 -1.27, 0.74 -1.14, 0.66 -0.98, 0.58 -0.80, 0.50 -0.60, 0.34 -0.60",
    head="0.58 -1.26, 0.68 -1.30, 0.78 -1.22, 0.98 -1.00, 1.00 -0.92, 0.93 -0.87, 0.84 -0.92, 0.70 -1.02, 0.60 -1.12",
    ears="0.58 -1.26, 0.60 -1.41, 0.68 -1.29",
    mane="0.18 -0.83, 0.32 -1.05, 0.50 -1.27, 0.60 -1.34, 0.66 -1.26, 0.55 -1.18, 0.40 -0.98, 0.28 -0.82",
    eye=(0.74, -1.17), muzzle=(0.95, -0.94), crest=("0.22 -0.86, 0.62 -1.28", "0.50 -0.56, 0.72 -1.00"),
)  # fmt: skip
DOWN = Front(
    neck="0.18 -0.80, 0.36 -0.82, 0.56 -0.66, 0.76 -0.44, 0.84 -0.34, 0.70 -0.24, 0.58 -0.36, 0.44 -0.46, 0.32 -0.50",
    head="0.70 -0.40, 0.80 -0.44, 0.88 -0.34, 0.96 -0.10, 0.94 -0.03, 0.86 -0.02, 0.80 -0.10, 0.72 -0.24, 0.66 -0.32",
    ears="0.74 -0.42, 0.86 -0.52, 0.84 -0.39",
    mane="0.22 -0.84, 0.42 -0.86, 0.62 -0.70, 0.82 -0.47, 0.78 -0.40, 0.58 -0.60, 0.40 -0.74, 0.28 -0.78",
    eye=(0.86, -0.30), muzzle=(0.91, -0.08), crest=("0.24 -0.84, 0.82 -0.44", "0.40 -0.44, 0.68 -0.22"),
)  # fmt: skip


@dataclass(frozen=True)
class Animal:
    """One animal: where its feet are, how long it is (pixels), how it stands, and what it wears."""

    foot: tuple[float, float]
    size: float
    flip: bool
    front: Front
    steps: tuple[float, float, float, float]
    coat: Colour
    stripes: int

    def at(self, points: np.ndarray) -> np.ndarray:
        """The animal's own coordinates to the picture's."""
        return place(points, self.foot, self.size, 0.0, self.flip)


def animal_of(rng: np.random.Generator, foot: tuple[float, float], size: float, zebra: bool) -> Animal:
    """An animal in the middle of which, head and all, `foot` lies; its pose is drawn without knowing its kind."""
    flip, front = bool(rng.random() < 0.5), UP if rng.random() < 0.65 else DOWN
    first, second, third, fourth = (float(value) for value in rng.uniform(-0.09, 0.09, 4))
    coat, count = COATS[int(rng.integers(len(COATS)))], int(rng.integers(9, 13))
    foot = (foot[0] + (0.17 if flip else -0.17) * size, foot[1])
    return Animal(
        foot, size, flip, front, (first, second, third, fourth), WHITE if zebra else coat, count if zebra else 0
    )


def paint_animal(canvas: Canvas, animal: Animal, part: str) -> None:
    """Paints one animal; its mask is `part`."""
    coat, dark = animal.coat, BLACK if animal.stripes else tint(animal.coat, 0.42)

    def fill(points: np.ndarray, colour: Colour) -> None:
        canvas.fill(animal.at(points), colour, (part,))

    for hip, step, far in _legs(animal):
        if far:
            fill(_leg(hip, step), tint(coat, 0.72))
    fill(smooth(trace(TAIL)), dark)
    fill(smooth(trace(animal.front.neck)), tint(coat, 0.96))
    fill(smooth(trace(TORSO)), coat)
    fill(smooth(trace("-0.40 -0.47, 0.00 -0.44, 0.40 -0.50, 0.24 -0.40, 0.00 -0.37, -0.22 -0.40")), tint(coat, 0.80))
    fill(smooth(trace("-0.40 -0.80, -0.10 -0.77, 0.20 -0.79, 0.10 -0.72, -0.30 -0.74")), tint(coat, 1.12))
    for hip, step, far in _legs(animal):
        if not far:
            fill(_leg(hip, step), coat)
    fill(trace(animal.front.ears), tint(coat, 0.85))
    fill(smooth(trace(animal.front.head)), coat)
    if animal.stripes:
        _stripe(canvas, animal, part)
    for hip, step, far in _legs(animal):
        hoof = np.array([[hip + step - 0.040, -0.035], [hip + step + 0.050, -0.035], [hip + step + 0.055, 0.0],
                         [hip + step - 0.045, 0.0]])  # fmt: skip
        fill(hoof, tint(BLACK, 0.8 if far else 1.1))
    fill(smooth(trace(animal.front.mane)), dark)
    fill(ellipse(animal.front.muzzle, 0.055, 0.05), tint(BLACK, 1.6) if animal.stripes else tint(coat, 0.62))
    fill(ellipse(animal.front.eye, 0.022, 0.024), BLACK)


def _legs(animal: Animal) -> list[tuple[float, float, bool]]:
    """(hip, step forward, whether on the far side): hind then fore."""
    return list(zip((-0.33, 0.30, -0.43, 0.38), animal.steps, (True, True, False, False), strict=True))


def _leg(hip: float, step: float) -> np.ndarray:
    """From the trunk over the knee to the hoof."""
    knee, foot = hip + 0.6 * step, hip + step
    front = [(hip + 0.10, -0.52), (knee + 0.05, -0.27), (foot + 0.04, -0.06), (foot + 0.05, 0.0)]
    back = [(foot - 0.04, 0.0), (foot - 0.03, -0.06), (knee - 0.045, -0.27), (hip - 0.09, -0.52)]
    return np.array(front + back)


def _stripe(canvas: Canvas, animal: Animal, part: str) -> None:
    """Dark bands across trunk, neck and legs, kept inside the animal's own mask."""
    inside = canvas.masks[part]
    bands = Image.new("L", canvas.large)
    pen = ImageDraw.Draw(bands)

    def band(points: list[tuple[float, float]]) -> None:
        pen.polygon([(float(x), float(y)) for x, y in animal.at(np.array(points)) * OVERSAMPLE], fill=255)

    step = 0.96 / animal.stripes
    for place_of in range(animal.stripes):
        x = -0.49 + (place_of + 0.35) * step
        lean = 0.16 * (x < -0.15) * (-0.15 - x) / 0.35  # over the rump stripes turn backwards
        w = 0.26 * step
        band([(x - w, -0.90), (x + w, -0.90), (x + 0.7 * w - lean, -0.62), (x + 0.2 * w - 1.8 * lean, -0.36),
              (x - 0.2 * w - 1.8 * lean, -0.36), (x - 0.9 * w - lean, -0.62)])  # fmt: skip
    top, low = (trace(line) for line in animal.front.crest)
    for share in np.linspace(0.08, 0.92, 5):
        a, b = top[0] + share * (top[1] - top[0]), low[0] + share * (low[1] - low[0])
        w = 0.09 * (top[1] - top[0])
        band([tuple(a - 0.5 * w), tuple(a + 0.5 * w), tuple(b + 0.25 * w), tuple(b - 0.25 * w)])
    head = trace(animal.front.head)
    for share in (0.30, 0.52, 0.72):
        a, b = head[1] + share * (head[3] - head[1]), head[8] + share * (head[5] - head[8])
        band([(a[0] - 0.025, a[1]), (a[0] + 0.02, a[1] + 0.02), (b[0] + 0.01, b[1])])
    for hip, move, _ in _legs(animal):
        for height in (0.44, 0.34, 0.24, 0.14):
            x = hip + move * (1 - height / 0.52)
            band(
                [
                    (x - 0.12, -height),
                    (x + 0.12, -height - 0.02),
                    (x + 0.12, -height + 0.025),
                    (x - 0.12, -height + 0.04),
                ]
            )
    canvas.colour.paste(BLACK, mask=ImageChops.multiply(bands, inside))
