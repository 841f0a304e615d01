"""How far to walk: a range whose steps miss at a wanted rate, and results that are accepted one draw after another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

ROUNDING = 1e-9  # a rate that is off by exactly the tolerance counts as met, whatever its last bits


@dataclass(frozen=True)
class Calibration:
    """The range R, its miss rate, the last bracket, every (R, miss) that was tried, and whether the rate was met.

    `reached` is False where even the largest allowed range misses too rarely, or the curve jumps over the wanted rate.
    """

    range: float
    miss: float
    bracket: tuple[float, float]
    curve: tuple[tuple[float, float], ...]
    reached: bool


def calibrate(
    miss: Callable[[float], float], wanted: float, tolerance: float, start: float, limit: float, halvings: int
) -> Calibration:
    """R is doubled from `start` until more than the wanted share misses, then found by bisection.

    The miss rate is only roughly monotone, so the curve is kept; of a failed search the range with the nearest rate.

    Source: supp §4.1 (R such that about 10 % miss); the search is ours (gap G26).
    """
    curve: list[tuple[float, float]] = []

    def tried(size: float) -> float:
        curve.append((size, miss(size)))
        return curve[-1][1]

    low, high = 0.0, start
    while tried(high) <= wanted + tolerance + ROUNDING:
        if abs(curve[-1][1] - wanted) <= tolerance + ROUNDING:
            return Calibration(high, curve[-1][1], (low, high), tuple(curve), True)
        if high >= limit:
            return Calibration(high, curve[-1][1], (low, high), tuple(curve), False)
        low, high = high, min(2 * high, limit)
    for _ in range(halvings):
        middle = (low + high) / 2
        rate = tried(middle)
        if abs(rate - wanted) <= tolerance + ROUNDING:
            return Calibration(middle, rate, (low, high), tuple(curve), True)
        low, high = (middle, high) if rate < wanted else (low, middle)
    size, rate = min(curve, key=lambda point: (abs(point[1] - wanted), point[0]))
    return Calibration(size, rate, (low, high), tuple(curve), False)


def accepted(realness: np.ndarray, base: np.ndarray, drop: float) -> np.ndarray:
    """Whether a result is still real enough: strictly above r - drop, r the realness of its base result.

    Source: supp §4.1 (lower bound l = r - 0.1; only above it).
    """
    return realness > base - drop


@dataclass(frozen=True)
class Collected:
    """Accepted draws of each image in their order, and how many draws that took."""

    kept: tuple[tuple[int, ...], ...]
    draws: tuple[int, ...]

    def short(self, wanted: int) -> list[int]:
        """Images that ran out of draws."""
        return [image for image, kept in enumerate(self.kept) if len(kept) < wanted]

    @property
    def miss(self) -> float:
        """The share of draws that were no hit."""
        return 1 - sum(map(len, self.kept)) / sum(self.draws)


def collect(
    judge: Callable[[Sequence[tuple[int, int]]], np.ndarray], images: int, wanted: int, limit: int
) -> Collected:
    """Draw after draw for each image, until `wanted` are accepted or `limit` are spent.

    `judge` takes pairs (image, number of the draw) and says which are accepted. An image's next draws are judged in one
    go, never more than it still lacks, so that the outcome is that of drawing one at a time.

    Source: supp §4.1; the limit is ours (gap G26).
    """
    kept: list[list[int]] = [[] for _ in range(images)]
    spent = [0] * images
    while True:
        pairs = []
        for image in range(images):
            lacking = min(wanted - len(kept[image]), limit - spent[image])
            pairs += [(image, spent[image] + number) for number in range(lacking)]
        if not pairs:
            return Collected(tuple(map(tuple, kept)), tuple(spent))
        for (image, number), good in zip(pairs, judge(pairs), strict=True):
            spent[image] += 1
            if good:
                kept[image].append(number)
