"""How well a filled hole fits what surrounds it: the step across its edge, and the colours on both sides."""

import numpy as np

from stages.metrics.lab import srgb_to_lab


def hole_to_edge_steps(image: np.ndarray, hole: np.ndarray) -> float:
    """The mean absolute difference of neighbouring pixels of which one is inside the hole and one outside.

    Source: spec §8.7. Shapes: uint8 [H W 3], [H W] with 1 = hole. Units: 8-bit levels, mean over channels.
    Raises: ValueError for a hole without an edge.
    """
    inside, values = hole > 0, image.astype(np.float64)
    steps = []
    for axis in (0, 1):
        crossing = np.diff(inside, axis=axis)
        steps.append(np.abs(np.diff(values, axis=axis))[crossing])
    steps = np.concatenate(steps)
    if not len(steps):
        raise ValueError("a hole that is empty or the whole picture has no edge")
    return float(steps.mean())


def hole_to_rings(hole: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Pixels at most `width` from the edge, inside and outside of the hole; a square's distance, so corners count.

    Shapes: [H W] -> bool [H W] twice.
    """
    inside = hole > 0
    return inside & grown(~inside, width), ~inside & grown(inside, width)


def grown(mask: np.ndarray, width: int) -> np.ndarray:
    """The mask and all pixels within a square of 2 width + 1 around its pixels. Shapes: bool [H W] -> the same."""
    for axis in (0, 1):
        padded = np.pad(mask, [(width, width) if a == axis else (0, 0) for a in (0, 1)])
        length = mask.shape[axis]
        mask = np.logical_or.reduce([np.take(padded, range(i, i + length), axis) for i in range(2 * width + 1)])
    return mask


def hole_to_ring_distance(image: np.ndarray, hole: np.ndarray, width: int) -> float:
    """The distance between the mean L*a*b* colours of the rings on both sides of the hole's edge.

    Source: spec §8.7. Shapes: uint8 [H W 3], [H W] with 1 = hole. Units: CIE 1976 colour difference; width in pixels.
    Raises: ValueError for a hole without an edge.
    """
    inner, outer = hole_to_rings(hole, width)
    if not inner.any() or not outer.any():
        raise ValueError("a hole that is empty or the whole picture has no edge")
    colours = srgb_to_lab(image)
    return float(np.linalg.norm(colours[inner].mean(axis=0) - colours[outer].mean(axis=0)))


def samples_to_hole_spread(samples: np.ndarray, hole: np.ndarray) -> float:
    """The standard deviation of the hole's pixels over the samples of one image, averaged over pixels and channels.

    Source: spec §8.6. Shapes: uint8 [S H W 3], [H W] with 1 = hole. Units: 8-bit levels.
    Raises: ValueError for an empty hole.
    """
    if not (hole > 0).any():
        raise ValueError("expected a hole of at least one pixel, came none")
    return float(samples[:, hole > 0].astype(np.float64).std(axis=0).mean())
