"""How near a painted ground comes to the true one, inside a region and outside of it. No torch here."""

import numpy as np

LEVELS = 255.0
# The variance of rounding to 8 bits: a difference below it is none that pictures could show.
ROUNDING = 1 / (12 * LEVELS**2)
GREY = 127.5


def region_to_psnr(made: np.ndarray, truth: np.ndarray, region: np.ndarray) -> np.ndarray:
    """10 log10(1 / max(MSE, rounding)) over the region's pixels and channels, of each picture.

    Source: spec 6.4. Shapes: uint8 [K S S 3] twice, [K S S] with 1 = region -> float64 [K]. Units: dB, of values in
    [0, 1].    Raises: ValueError for an empty region.
    """
    squares = [float(np.square(difference).mean()) for difference in _differences(made, truth, region)]
    return -10 * np.log10(np.maximum(squares, ROUNDING))


def region_to_l1(made: np.ndarray, truth: np.ndarray, region: np.ndarray) -> np.ndarray:
    """The mean absolute difference over the region's pixels and channels, of each picture.

    Shapes: uint8 [K S S 3] twice, [K S S] with 1 = region -> float64 [K]. Units: of values in [0, 1].
    Raises: ValueError for an empty region.
    """
    return np.array([np.abs(difference).mean() for difference in _differences(made, truth, region)])


def composited(photos: np.ndarray, made: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """k x + (1 - k) made, k = 0 in the hole: the photo with its hole painted. Shapes: uint8 [K S S 3], [K S S]."""
    return np.where(holes[..., None] > 0, made, photos)


def blanked(photos: np.ndarray, holes: np.ndarray, colour: tuple[int, ...]) -> np.ndarray:
    """The photos with their holes in one colour. Shapes: uint8 [K S S 3], [K S S] -> uint8 [K S S 3]."""
    return np.where(holes[..., None] > 0, np.array(colour, np.uint8), photos)


def mean_coloured(photos: np.ndarray, holes: np.ndarray) -> np.ndarray:
    """The photos with their holes in the mean colour of what is kept; mid grey where nothing is.

    Source: ours (gap G22), the least that inpainting must beat. Shapes: uint8 [K S S 3], [K S S] -> uint8 [K S S 3].
    """
    filled = []
    for photo, hole in zip(photos, holes, strict=True):
        kept = photo[hole == 0]
        colour = kept.astype(np.float64).mean(0) if len(kept) else np.full(3, GREY)
        filled.append(np.where(hole[..., None] > 0, np.rint(colour).astype(np.uint8), photo))
    return np.stack(filled)


def covered(holes: np.ndarray, objects: np.ndarray) -> np.ndarray:
    """The share of each object that its hole hides. Shapes: [K S S] twice, 1 = hole, object -> float64 [K].

    Raises: ValueError for an empty object.
    """
    for place, one in enumerate(objects):
        if not (one > 0).any():
            raise ValueError(f"expected an object in every mask, came none in picture {place}")
    return np.array([(hole[one > 0] > 0).mean() for hole, one in zip(holes, objects, strict=True)])


def _differences(made: np.ndarray, truth: np.ndarray, region: np.ndarray) -> list[np.ndarray]:
    """The region's differences of each picture, as [pixels 3] in [0, 1]."""
    found = []
    for place, (one, other, where) in enumerate(zip(made, truth, region > 0, strict=True)):
        if not where.any():
            raise ValueError(f"expected a region of at least one pixel, came none in picture {place}")
        found.append((one[where].astype(np.float64) - other[where]) / LEVELS)
    return found
