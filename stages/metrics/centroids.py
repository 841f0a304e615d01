"""Where the parts of a soft segmentation lie."""

import numpy as np

SMALL = 1.0e-6  # keeps the division defined for a part that is nowhere


def maps_to_centroids(maps: np.ndarray) -> np.ndarray:
    """Centroids of part maps on a grid that runs from 0 to S in S steps on each axis.

    c = Σ p · q(p), q = m / (Σ m + 1e-6): a part that is nowhere lies at (0, 0).
    Source: code (GANSeg), spec §5.2 step 2; both ends included, so a pixel at column j lies at x = j S / (S − 1).
    Shapes: float [N K S S] → float64 [N K 2] as (x, y). Units: pixels.
    Raises: ValueError for maps that are not square or not finite.
    """
    maps = np.asarray(maps, np.float64)
    if maps.ndim != 4 or maps.shape[2] != maps.shape[3] or not np.isfinite(maps).all():
        raise ValueError(f"expected finite part maps [N K S S], came shape {maps.shape}")
    side = maps.shape[2]
    grid = np.linspace(0, side, side)
    total = maps.sum(axis=(2, 3)) + SMALL
    return np.stack([(maps.sum(axis=2) @ grid) / total, (maps.sum(axis=3) @ grid) / total], axis=2)
