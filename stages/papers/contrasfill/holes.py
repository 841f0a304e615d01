"""The hole in an image, and what fills it."""

from __future__ import annotations

import torch
from torch import Tensor


def holes(mask: Tensor, kind: str) -> Tensor:
    """The hole of an object mask: the mask itself, or its tight box (limits included).

    Source: main §4 (box), supp §5 (object mask); a box is its own box.
    Shapes: [B 1 H W] in {0, 1} -> the same.
    """
    if kind == "object":
        return mask
    sides = []
    for axis in (2, 3):
        occupied = mask.amax(5 - axis, keepdim=True)
        sides.append(occupied.cummax(axis).values * occupied.flip(axis).cummax(axis).values.flip(axis))
    return sides[0] * sides[1]


def composite(colours: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """S = colours M + I (1 - M) for a binary mask, exact to the bit on both sides.

    Source: supp §3 (S); spec §4.4.
    Shapes: [B 3 H W], [B 3 H W], [B 1 H W] -> [B 3 H W].
    """
    return torch.where(mask > 0.5, colours.to(image.dtype), image)


def alone(image: Tensor, mask: Tensor) -> Tensor:
    """The hole on black, without what is around it.  Shapes: [B 3 H W] in [-1, 1], [B 1 H W] -> [B 3 H W]."""
    return torch.where(mask > 0.5, image, -1.0)
