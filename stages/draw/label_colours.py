"""Maps of class numbers as pictures, in the colours that belong to each set of classes."""

import colorsys

import numpy as np

UNKNOWN = (0, 0, 0)
# CelebAMask-HQ's own, of its 19 parts in the order of its merged maps: background, skin, nose, glasses, ….
PARTS = np.array([
    (0, 0, 0), (204, 0, 0), (76, 153, 0), (204, 204, 0), (51, 51, 255), (204, 0, 204), (0, 255, 255), (255, 204, 204),
    (102, 51, 0), (255, 0, 0), (102, 204, 0), (255, 255, 0), (0, 0, 153), (0, 0, 204), (255, 51, 153), (0, 204, 204),
    (0, 51, 0), (255, 153, 51), (0, 204, 0),
], np.uint8)  # fmt: skip
TURN = (5**0.5 - 1) / 2  # of the circle of hues from one class to the next, so that near numbers have far hues
SHADES = ((0.85, 0.85), (0.55, 0.95), (0.75, 0.6))  # saturation and value, in turn


def distinct(count: int) -> np.ndarray:
    """As many colours that can be told apart, the same for one number in every set. Shapes: -> uint8 [count 3]."""
    found = [colorsys.hsv_to_rgb(at * TURN % 1.0, *SHADES[at % len(SHADES)]) for at in range(count)]
    return np.rint(np.array(found) * 255).astype(np.uint8)


def coloured(numbers: np.ndarray, palette: np.ndarray) -> np.ndarray:
    """Each number in its colour; numbers beyond the palette are unknown, in black. Shapes: [H W] -> uint8 [H W 3]."""
    known = np.concatenate([palette, np.array([UNKNOWN], np.uint8)])
    return known[np.minimum(numbers.astype(np.int64), len(palette))]
