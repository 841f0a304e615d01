"""The colours of parts, and pictures with parts laid over them."""

import numpy as np

# The first 15 in the order of the public code, whose list of 32 holds one colour twice; the others are ours.
PARTS = (
    (255, 0, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 128, 0), (75, 0, 130), (255, 140, 0), (0, 255, 255),
    (255, 192, 203), (154, 205, 50), (188, 143, 143), (255, 127, 80), (210, 105, 30), (255, 228, 196), (255, 215, 0),
    (0, 255, 0), (70, 130, 180), (128, 0, 0), (0, 0, 128), (0, 128, 128), (148, 0, 211), (240, 230, 140),
    (46, 139, 87), (255, 20, 147), (173, 216, 230), (139, 69, 19), (127, 255, 212), (112, 128, 144), (221, 160, 221),
    (85, 107, 47), (205, 92, 92), (230, 230, 250),
)  # fmt: skip
FOUR = (PARTS[0], PARTS[1], PARTS[2], PARTS[4])


def part_colours(parts: int) -> np.ndarray:
    """The colours of K parts. Shapes: → uint8 [K, 3].

    Source: code (order; four parts have colours of their own); spec §6.
    Raises: ValueError for more parts than colours.
    """
    if parts > len(PARTS):
        raise ValueError(f"expected at most {len(PARTS)} parts, which have distinct colours; got {parts}")
    return np.array(FOUR if parts == len(FOUR) else PARTS[:parts], np.uint8)


def overlay(image: np.ndarray, labels: np.ndarray, parts: int) -> np.ndarray:
    """Half the picture and half the part's colour where there is a part; background as it is.

    Source: code; spec §6. Shapes: uint8 [S, S, 3], [S, S] with 0 = background → uint8 [S, S, 3].
    Raises: ValueError for a label above the number of parts.
    """
    if labels.max(initial=0) > parts:
        raise ValueError(f"expected labels 0 to {parts}, got {int(labels.max())}")
    table = np.concatenate([np.zeros((1, 3), np.uint8), part_colours(parts)])
    mixed = (image.astype(np.uint16) + table[labels] + 1) // 2
    return np.where(labels[..., None] > 0, mixed, image).astype(np.uint8)


def coordinates_to_pixels(points: np.ndarray, side: int, grid: str) -> np.ndarray:
    """Where coordinates in [-1, 1] lie in a picture of `side` pixels; pixel i has its centre at i.

    Source: spec §3.4. Shapes: [..., 2] → [..., 2].
    Raises: ValueError for a grid that is neither pixel_center nor corner.
    """
    if grid == "pixel_center":
        return (points + 1) * side / 2 - 0.5
    if grid == "corner":
        return (points + 1) * (side - 1) / 2
    raise ValueError(f"expected a grid of pixel_center or corner, got {grid!r}")


def mark(tile: np.ndarray, points: np.ndarray, colours: np.ndarray, arm: int, grid: str) -> np.ndarray:
    """A '+' at every point in its part's colour, on a dark rim that shows it on any ground.

    Shapes: uint8 [R, R, 3]; points [K, n, 2] as (x, y) in [-1, 1]; colours [K, 3] → uint8 [R, R, 3].
    Units: arm in pixels of the tile; parts outside the picture are cut off.
    """
    marked = tile.copy()
    places = np.rint(coordinates_to_pixels(points, tile.shape[0], grid)).astype(int)
    for rim, of_part in ((1, np.zeros_like(colours)), (0, colours)):
        for part, colour in zip(places, of_part, strict=True):
            for x, y in part:
                long, thin = arm + rim, rim
                paint(marked, y - thin, y + thin, x - long, x + long, colour)
                paint(marked, y - long, y + long, x - thin, x + thin, colour)
    return marked


def paint(tile: np.ndarray, top: int, bottom: int, left: int, right: int, colour: np.ndarray) -> None:
    """Fill a box, limits included, as far as it lies inside."""
    tile[max(top, 0) : max(bottom + 1, 0), max(left, 0) : max(right + 1, 0)] = colour
