"""A surface that polygons are painted on at twice the size, together with an exact mask of each named part."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
OVERSAMPLE = 2  # painted pixels per final pixel and axis; the reduction smooths the edges
ROUND = np.linspace(0, 2 * np.pi, 36, endpoint=False)


@dataclass(frozen=True)
class Instance:
    """One visible object of a scene: its COCO class name, its mask [H W] and the score a detector would give it."""

    class_name: str
    mask: np.ndarray
    score: float


@dataclass(frozen=True)
class Scene:
    """A picture [H W 3] uint8, the masks [H W] bool of its parts, its objects, and the factors it was drawn from."""

    image: np.ndarray
    parts: dict[str, np.ndarray]
    instances: list[Instance]
    factors: dict[str, object] = field(default_factory=dict)


class Canvas:
    """A background that shapes are painted on; every shape also paints the masks of the parts it belongs to.

    Units: points are (x, y) in pixels of the final picture.
    """

    def __init__(self, background: np.ndarray):
        self.height, self.width = background.shape[:2]
        self.large = (self.width * OVERSAMPLE, self.height * OVERSAMPLE)
        self.colour = Image.fromarray(background).resize(self.large, Image.Resampling.NEAREST)
        self.pen = ImageDraw.Draw(self.colour)
        self.masks: dict[str, Image.Image] = {}
        self.mask_pens: dict[str, ImageDraw.ImageDraw] = {}

    def fill(self, points: np.ndarray, colour: Colour, parts: Iterable[str] = (), behind: Iterable[str] = ()) -> None:
        """Paints a polygon; it joins the masks of `parts` and hides what it covers of `behind`."""
        corners = [(float(x), float(y)) for x, y in np.asarray(points) * OVERSAMPLE]
        self.pen.polygon(corners, fill=colour)
        for name in parts:
            self._pen_of(name).polygon(corners, fill=255)
        for name in behind:
            self._pen_of(name).polygon(corners, fill=0)

    def stroke(self, points: np.ndarray, width: float, colour: Colour, parts: Iterable[str] = ()) -> None:
        """Paints a line of `width` pixels."""
        corners = [(float(x), float(y)) for x, y in np.asarray(points) * OVERSAMPLE]
        thick = max(1, round(width * OVERSAMPLE))
        self.pen.line(corners, fill=colour, width=thick, joint="curve")
        for name in parts:
            self._pen_of(name).line(corners, fill=255, width=thick, joint="curve")

    def image(self) -> np.ndarray:
        """The picture at its final size; untouched pixels keep the background's exact values."""
        return np.asarray(self.colour.reduce(OVERSAMPLE))

    def mask(self, name: str, shrink: int = 1) -> np.ndarray:
        """Pixels that a part touches at all, at the picture's size divided by `shrink`."""
        if name not in self.masks:
            return np.zeros((self.height // shrink, self.width // shrink), bool)
        return np.asarray(self.masks[name].reduce(OVERSAMPLE * shrink)) > 0

    def coverage(self, name: str) -> np.ndarray:
        """The share [0, 1] of each pixel that a part covers."""
        return np.asarray(self.masks[name].reduce(OVERSAMPLE), np.float32) / 255

    def _pen_of(self, name: str) -> ImageDraw.ImageDraw:
        if name not in self.masks:
            self.masks[name] = Image.new("L", self.large)
            self.mask_pens[name] = ImageDraw.Draw(self.masks[name])
        return self.mask_pens[name]


@lru_cache(maxsize=256)
def trace(text: str) -> np.ndarray:
    """An outline written as "x y, x y, ..."; the array is shared, so it cannot be written to. Shapes: -> [N 2]."""
    points = np.array([[float(value) for value in pair.split()] for pair in text.split(",")])
    points.setflags(write=False)
    return points


def ellipse(centre: tuple[float, float], radius_x: float, radius_y: float, angle: float = 0.0) -> np.ndarray:
    """The outline of an ellipse; angle in radians."""
    x, y = radius_x * np.cos(ROUND), radius_y * np.sin(ROUND)
    c, s = np.cos(angle), np.sin(angle)
    return np.stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y], 1)


def smooth(points: np.ndarray, pieces: int = 6) -> np.ndarray:
    """A closed Catmull-Rom curve through the points.

    Formula: q(t) = 1/2 [(-a+3b-3c+d) t^3 + (2a-5b+4c-d) t^2 + (c-a) t + 2b].  Source: known.
    """
    b = np.asarray(points, float)
    a, c, d = np.roll(b, 1, 0), np.roll(b, -1, 0), np.roll(b, -2, 0)
    t = (np.arange(pieces) / pieces)[None, :, None]
    a, b, c, d = a[:, None], b[:, None], c[:, None], d[:, None]
    curve = ((-a + 3 * b - 3 * c + d) * t**3 + (2 * a - 5 * b + 4 * c - d) * t**2 + (c - a) * t + 2 * b) / 2
    return curve.reshape(-1, 2)


def place(
    points: np.ndarray, centre: tuple[float, float], scale: float, angle: float = 0.0, flip: bool = False
) -> np.ndarray:
    """Own coordinates (x right, y down) to the picture's: mirror, turn by angle (radians), scale, move."""
    x, y = np.asarray(points, float).T
    x = -x if flip else x
    c, s = np.cos(-angle if flip else angle), np.sin(-angle if flip else angle)
    return np.stack([centre[0] + scale * (c * x - s * y), centre[1] + scale * (s * x + c * y)], 1)


def tint(colour: Iterable[float], factor: float) -> Colour:
    """A colour made darker (factor below 1) or lighter (above 1), kept within 0..255."""
    r, g, b = (min(255, max(0, round(float(value) * factor))) for value in colour)
    return r, g, b


def blend(first: Iterable[float], second: Iterable[float], share: float) -> Colour:
    """`share` of the second colour over the first."""
    r, g, b = (round((1 - share) * float(p) + share * float(q)) for p, q in zip(first, second, strict=True))
    return r, g, b
