"""How far each image can be walked to both sides before it stops being real enough."""

from collections.abc import Callable

import numpy as np

Holds = Callable[[np.ndarray, np.ndarray], np.ndarray]


def largest(holds: Holds, count: int, start: float, limit: float, halvings: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `count` images the largest offset that holds, and whether the limit was reached without a failure.

    Doubling from `start`, then bisection. `holds(which, offsets)` is taken to be true at 0 and until its first failure;
    the offsets given back always hold.

    Source: spec §7.2 (extreme offset = largest with a realness drop of at most 0.1; gap G28).
    Shapes: -> float64 [count], bool [count].
    """
    low, high = np.zeros(count), np.full(count, start)
    growing, limited = np.arange(count), np.zeros(count, bool)
    while len(growing):
        good = holds(growing, high[growing])
        growing = growing[good]
        low[growing] = high[growing]
        limited[growing] = high[growing] >= limit
        growing = growing[~limited[growing]]
        high[growing] = np.minimum(2 * high[growing], limit)
    bounded = np.flatnonzero(~limited)
    for _ in range(halvings if len(bounded) else 0):
        middle = (low[bounded] + high[bounded]) / 2
        good = holds(bounded, middle)
        low[bounded], high[bounded] = np.where(good, middle, low[bounded]), np.where(good, high[bounded], middle)
    return low, limited
