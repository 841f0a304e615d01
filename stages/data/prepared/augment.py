"""Random changes to training images, each a pure function of a key and a sample's number."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image

_GOLDEN = 0x9E3779B97F4A7C15
_TRIES = 10


class Crop(NamedTuple):
    """A random window: its share of the picture's area, and its width over its height, each from a range."""

    scale: tuple[float, float]
    ratio: tuple[float, float]


def mix(numbers: np.ndarray, key: int) -> np.ndarray:
    """64 random bits per number: splitmix64. Shapes: int64 [n] -> uint64 [n]."""
    with np.errstate(over="ignore"):
        z = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(_GOLDEN) + np.uint64(key)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def coins(numbers: np.ndarray, key: int) -> np.ndarray:
    """One fair coin per number: the top bit. Shapes: int64 [n] -> bool [n]."""
    return (mix(numbers, key) >> np.uint64(63)).astype(bool)


def uniforms(numbers: np.ndarray, key: int) -> np.ndarray:
    """One number in [0, 1) each, from the upper 53 bits. Shapes: int64 [n] -> float64 [n]."""
    return (mix(numbers, key) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def crop_windows(numbers: np.ndarray, size_px: int, crop: Crop, key_of: Callable[[str], int]) -> np.ndarray:
    """A window (left, top, width, height) for each sample, as the field's random resized crop draws it.

    area = u S², ratio log-uniform, width = round(√(area · ratio)), height = round(√(area / ratio)); windows that leave
    the picture are drawn again, ten times in all, then the whole picture is taken.
    Source: code (torchvision's RandomResizedCrop). Shapes: int64 [n] -> int64 [n 4]. Units: pixels.
    """
    windows = np.tile(np.array([0, 0, size_px, size_px], np.int64), (len(numbers), 1))
    waiting = np.ones(len(numbers), bool)
    for attempt in range(_TRIES):
        area, ratio, across, down = (
            uniforms(numbers, key_of(f"crop {attempt} {name}")) for name in ("area", "ratio", "across", "down")
        )
        area = size_px**2 * (crop.scale[0] + (crop.scale[1] - crop.scale[0]) * area)
        low, high = np.log(crop.ratio)
        ratio = np.exp(low + (high - low) * ratio)
        width, height = (np.rint(np.sqrt(value)).astype(np.int64) for value in (area * ratio, area / ratio))
        fits = waiting & (width <= size_px) & (height <= size_px)
        left = (across * (size_px - width + 1)).astype(np.int64)
        top = (down * (size_px - height + 1)).astype(np.int64)
        windows[fits] = np.stack([left, top, width, height], 1)[fits]
        waiting &= ~fits
    return windows


def cut_windows(images: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Each image's window, stretched back to the full size, bilinear and antialiased.

    Shapes: uint8 [n S S 3] or 0/1 masks [n S S], windows [n 4] -> the images' shape.
    """
    masks = images.ndim == 3
    cut = np.empty_like(images)
    for place, (left, top, width, height) in enumerate(windows.tolist()):
        picture = Image.fromarray(images[place] * 255 if masks else images[place])
        box = (left, top, left + width, top + height)
        # Cut first: resizing a part of a picture would blend in what lies around it.
        cut[place] = np.asarray(picture.crop(box).resize(picture.size, Image.Resampling.BILINEAR))
        if masks:
            cut[place] = cut[place] > 127
    return cut
