"""A canvas that also keeps, for each pixel, the id of what was painted there last; and the texture of each class."""

from collections.abc import Iterable, Mapping

import numpy as np
from PIL import Image, ImageDraw

from stages.draw.scenes.backdrop import soft_field
from stages.draw.scenes.canvas import OVERSAMPLE, Canvas, Colour

Grain = tuple[float, float]  # how far a class's brightness varies in patches and from pixel to pixel


class LabelledCanvas(Canvas):
    """Whatever is painted also writes `identifier` into a map of ids, which has hard edges."""

    def __init__(self, background: np.ndarray, identifier: int):
        super().__init__(background)
        self.identifier = identifier
        self.painted = Image.new("I", self.large, identifier)
        self.id_pen = ImageDraw.Draw(self.painted)

    def fill(self, points: np.ndarray, colour: Colour, parts: Iterable[str] = (), behind: Iterable[str] = ()) -> None:
        """Paints a polygon."""
        super().fill(points, colour, parts, behind)
        corners = [(float(x), float(y)) for x, y in np.asarray(points) * OVERSAMPLE]
        self.id_pen.polygon(corners, fill=self.identifier)

    def stroke(self, points: np.ndarray, width: float, colour: Colour, parts: Iterable[str] = ()) -> None:
        """Paints a line of `width` pixels."""
        super().stroke(points, width, colour, parts)
        corners = [(float(x), float(y)) for x, y in np.asarray(points) * OVERSAMPLE]
        self.id_pen.line(corners, fill=self.identifier, width=max(1, round(width * OVERSAMPLE)), joint="curve")

    def band(self, top: float, bottom: float, colour: Colour) -> None:
        """Paints the picture's whole width between two heights."""
        self.fill(np.array([[0, top], [self.width, top], [self.width, bottom], [0, bottom]]), colour)

    def ids(self) -> np.ndarray:
        """The id of each pixel. Shapes: -> int32 [H W]."""
        return np.array(self.painted, np.int32)[::OVERSAMPLE, ::OVERSAMPLE].copy()


def vertical(height: int, width: int, top: Colour, low: Colour, end: float = 1.0) -> np.ndarray:
    """One colour over another, blended down to `end` of the height. Shapes: -> uint8 [height width 3]."""
    share = np.minimum(1, np.linspace(0, 1, height, dtype=np.float32) / end)[:, None, None]
    column = np.asarray(top, np.float32) * (1 - share) + np.asarray(low, np.float32) * share
    return np.broadcast_to(column, (height, width, 3)).astype(np.uint8)


def textured(
    image: np.ndarray, labels: np.ndarray, grains: Mapping[int, Grain], rng: np.random.Generator, light: float
) -> np.ndarray:
    """The picture with each class's own texture, lit from one side (light in [-1, 1], -1 = left).

    Shapes: uint8 [H W 3], int [H W] -> uint8 [H W 3].
    """
    height, width = labels.shape
    table = np.zeros((int(labels.max()) + 1, 2), np.float32)
    for label, grain in grains.items():
        if label < len(table):
            table[label] = grain
    patches = soft_field(rng, width, height, max(4, width // 8))
    points = rng.uniform(-1, 1, (height, width)).astype(np.float32)
    gain = table[labels]
    across = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    bright = 1 + 0.10 * light * across + gain[..., 0] * patches + gain[..., 1] * points
    return np.clip(image * bright[..., None], 0, 255).astype(np.uint8)
