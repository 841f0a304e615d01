"""A detector for drawn scenes: every class has hues of its own, and an object is a connected blob of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]
Band = tuple[float, float]


@dataclass(frozen=True)
class Blobs:
    """The hues of every category, in degrees as (from, to), past 0 where `to` is the smaller; what else a pixel needs.

    Least saturation and value are exclusive, in [0, 1]; `area_px` counts pixels.
    """

    bands: Mapping[str, Sequence[Band]]
    saturation: float
    value: float
    area_px: int

    def find(self, image: np.ndarray) -> list[tuple[str, Box]]:
        """(category, box (x1 y1 x2 y2), right and lower edges exclusive) of every blob, the largest first.

        A blob is a set of pixels of one band that touch along edges. Categories that share a band share its blobs.
        Shapes: uint8 [H W 3].
        """
        hue, colourful = colours(image, self.saturation, self.value)
        owners: dict[Band, list[str]] = {}
        for name, bands in self.bands.items():
            for first, last in bands:
                owners.setdefault((first, last), []).append(name)
        found = [
            (area, name, box)
            for band, names in owners.items()
            for area, box in boxes(colourful & within(hue, band), self.area_px)
            for name in names
        ]
        return [(name, box) for _, name, box in sorted(found, key=lambda one: (-one[0], one[1], one[2]))]


def colours(image: np.ndarray, saturation: float, value: float) -> tuple[np.ndarray, np.ndarray]:
    """Hue in degrees, and where a pixel is more saturated and brighter than asked (hexcone model; Smith 1978).

    Shapes: uint8 [H W 3] -> float32 [H W] in [0, 360), bool [H W]. The hue of a grey pixel is 0.
    """
    red, green, blue = np.moveaxis(image.astype(np.float32), -1, 0)
    top, low = image.max(-1).astype(np.float32), image.min(-1).astype(np.float32)
    spread = np.maximum(top - low, 1)
    sixth = np.where(
        top == red,
        (green - blue) / spread,
        np.where(top == green, (blue - red) / spread + 2, (red - green) / spread + 4),
    )
    return sixth * 60 % 360, (top - low > saturation * top) & (top > value * 255)


def within(hue: np.ndarray, band: Band) -> np.ndarray:
    """Whether a hue lies between the ends of a band, which goes past 0 where its second end is the smaller."""
    first, last = band
    return (hue >= first) & (hue <= last) if first <= last else (hue >= first) | (hue <= last)


def boxes(mask: np.ndarray, area_px: int) -> list[tuple[int, Box]]:
    """(pixels, tight box) of every connected part of at least `area_px` pixels. Shapes: bool [H W]."""
    if np.count_nonzero(mask) < area_px:
        return []
    from scipy.ndimage import find_objects, label

    parts, _ = label(mask)  # pyright: ignore[reportGeneralTypeIssues]
    areas = np.bincount(parts.ravel())[1:]
    return [
        (int(area), (float(across.start), float(down.start), float(across.stop), float(down.stop)))
        for area, (down, across) in zip(areas, find_objects(parts), strict=True)
        if area >= area_px
    ]
