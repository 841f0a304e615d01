"""Pixel grids in [-1, 1]^2 with margins around them."""

from typing import Literal

import torch
from torch import Tensor

Kind = Literal["pixel_center", "corner"]


def grid(size: int, margin: int, kind: Kind, like: Tensor) -> Tensor:
    """Coordinates (row, col) of the pixels of a map of nominal side `size` that goes on for `margin` pixels around.

    pixel_center: p_i = (2 i + 1) / size - 1;  corner: p_i = 2 i / (size - 1) - 1;  i from -margin to size - 1 + margin.

    Source: supp §E (margins); corner: code; pixel_center: ours (gap G4), which makes shifts of whole pixels exact.
    Shapes: -> [size + 2 margin, size + 2 margin, 2], with the type and device of `like`.
    """
    places = torch.arange(-margin, size + margin, dtype=like.dtype, device=like.device)
    line = (2 * places + 1) / size - 1 if kind == "pixel_center" else 2 * places / (size - 1) - 1
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)


def to_pixels(points: Tensor, size: int, kind: Kind) -> Tensor:
    """Pixel indices of coordinates, the inverse of the visible grid; pixel i has its centre at i.

    Shapes: [... 2] -> [... 2], (row, col) as it came.
    """
    return ((points + 1) * size - 1) / 2 if kind == "pixel_center" else (points + 1) * (size - 1) / 2


def flipped(points):
    """(x, y) to (row, col) and back: the only place where the order of coordinates changes.

    Shapes: [... 2] -> [... 2], tensor or numpy array.
    """
    return points[..., [1, 0]]


def cropped(maps: Tensor, margin: int) -> Tensor:
    """The map without `margin` pixels on each side. Shapes: [... H W] -> [... H - 2 margin, W - 2 margin]."""
    return maps[..., margin:-margin, margin:-margin]
