"""The sliced Wasserstein distance between small pieces of two sets of images, level by level of a pyramid."""

from typing import NamedTuple

import numpy as np

SMALLEST_PX = 16  # the coarsest level is the last that is not below it
SIDE_PX = 7  # of a piece
PIECES = 128  # of an image at each level
REPEATS, DIRECTIONS = 4, 128
FACTOR = 1000
BINOMIAL = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16


class LevelDistances(NamedTuple):
    """The distance at each level, finest first, the side of each, and their mean: the published number."""

    sides_px: tuple[int, ...]
    levels: tuple[float, ...]
    mean: float


def sides_of(size_px: int) -> tuple[int, ...]:
    """The sides of the pyramid's levels: halved while that is exact and at least 16; 256 px have five.

    Raises: ValueError for images below 16 px.
    """
    if size_px < SMALLEST_PX:
        raise ValueError(f"sliced Wasserstein distance: expected images of {SMALLEST_PX} px or more, came {size_px}")
    sides = [size_px]
    while sides[-1] % 2 == 0 and sides[-1] // 2 >= SMALLEST_PX:
        sides.append(sides[-1] // 2)
    return tuple(sides)


def _smooth(images: np.ndarray) -> np.ndarray:
    """The binomial filter along both axes, borders mirrored. Shapes: [N 3 S S] -> the same."""
    from scipy.ndimage import convolve1d

    return convolve1d(convolve1d(images, BINOMIAL, axis=2, mode="mirror"), BINOMIAL, axis=3, mode="mirror")


def images_to_pyramid(images: np.ndarray) -> list[np.ndarray]:
    """Laplacian levels, finest first; the last is the remaining low-pass image.

    Source: Burt & Adelson 1983; progressive growing (code). Shapes: [N 3 S S] -> float32 [N 3 s s] for each side.
    """
    levels = [np.asarray(images, np.float32)]
    for _ in sides_of(images.shape[2])[1:]:
        levels.append(_smooth(levels[-1])[:, :, ::2, ::2])
        spread = np.zeros_like(levels[-2])
        spread[:, :, ::2, ::2] = levels[-1]
        levels[-2] = levels[-2] - 4 * _smooth(spread)
    return levels


def level_to_pieces(level: np.ndarray, chance: np.random.Generator) -> np.ndarray:
    """128 pieces of 7 x 7 px of each image, each channel standardised over the set; one that never changes is 0.

    Shapes: [N 3 s s] -> float32 [128 N, 147].
    """
    count, side = len(level), level.shape[2]
    top, left = chance.integers(0, side - SIDE_PX + 1, (2, count, PIECES))
    step = np.arange(SIDE_PX)
    rows, columns = (top[:, :, None] + step)[:, :, :, None], (left[:, :, None] + step)[:, :, None, :]
    pieces = level[np.arange(count)[:, None, None, None], :, rows, columns].astype(np.float64)  # [N 128 7 7 3]
    pieces -= pieces.mean(axis=(0, 1, 2, 3))
    deviation = pieces.std(axis=(0, 1, 2, 3))
    pieces /= np.where(deviation > 0, deviation, 1.0)
    return pieces.reshape(count * PIECES, -1).astype(np.float32)


def pieces_to_distance(left: np.ndarray, right: np.ndarray, chance: np.random.Generator) -> float:
    """Mean absolute difference of sorted projections on 4 x 128 random unit directions.

    Source: Rabin et al. 2011; progressive growing (code). Shapes: [M D] twice.
    """
    totals = []
    for _ in range(REPEATS):
        directions = chance.standard_normal((left.shape[1], DIRECTIONS))
        directions = (directions / np.linalg.norm(directions, axis=0)).astype(np.float32)
        first, second = (np.sort(part @ directions, axis=0) for part in (left, right))
        totals.append(np.abs(first - second).mean(dtype=np.float64))
    return float(np.mean(totals))


def images_to_wasserstein(made: np.ndarray, real: np.ndarray, seed: int) -> LevelDistances:
    """SWD x 1000 of two equally large sets; both give their pieces at the same places, so that equal sets have 0.

    Source: Karras et al. 2018; the authors' tool (spec 6.4), which seeds nothing.
    Shapes: uint8 [N S S 3] twice. Units: thousandths of a channel's standard deviation; lower is closer.
    Raises: ValueError for sets of different shapes, images that are not square, below 16 px, or none.
    """
    made, real = np.asarray(made), np.asarray(real)
    if made.shape != real.shape or made.ndim != 4 or made.shape[1] != made.shape[2] or not len(made):
        raise ValueError(f"expected two equally large sets [N S S 3], came {made.shape} and {real.shape}")
    sides = sides_of(made.shape[1])
    pyramids = [images_to_pyramid(images.transpose(0, 3, 1, 2)) for images in (made, real)]
    distances = []
    for number, levels in enumerate(zip(*pyramids, strict=True)):
        left, right = (level_to_pieces(level, np.random.default_rng([seed, number, 0])) for level in levels)
        distances.append(FACTOR * pieces_to_distance(left, right, np.random.default_rng([seed, number, 1])))
    return LevelDistances(sides, tuple(distances), float(np.mean(distances)))
