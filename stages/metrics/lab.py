"""CIE L*a*b* of 8-bit sRGB colours."""

import numpy as np

# sRGB primaries to XYZ, and the white point D65 that they sum to (IEC 61966-2-1; known).
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
CORNER = 6 / 29  # where the cube root turns into a line


def srgb_to_lab(colours: np.ndarray) -> np.ndarray:
    """L* in [0, 100], a*, b*.

    linear = c / 12.92 or ((c + 0.055) / 1.055)^2.4
    L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) - f(Z)); X, Y, Z as shares of the white point

    Source: CIE 1976, IEC 61966-2-1 (known). Shapes: [... 3] in [0, 255] -> float64 [... 3].
    """
    share = np.asarray(colours, np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    ratio = linear @ TO_XYZ.T / WHITE
    f = np.where(ratio > CORNER**3, np.cbrt(ratio), ratio / (3 * CORNER**2) + 4 / 29)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
