"""Losses that tie soft part masks to their points: near them, and not too small."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-6  # GANSeg (code): keeps the distribution of an empty mask finite


def concentration(parts: Tensor, centers: Tensor, places: Tensor) -> Tensor:
    """mean_{B,K} sum_p q_k(p) |p - x_k|^2,  q_k = M_k / (sum_p M_k + 1e-6).

    Source: GANSeg's code (mean over parts; the point's own centre, not the mask's centroid).
    Shapes: parts [B K H W] without background, centers [B K 2], places [H W 2] -> scalar.
    Units: squared coordinates.
    """
    share = parts / (parts.sum((2, 3), keepdim=True) + EPSILON)
    row, column = (places[..., axis] - centers[:, :, axis, None, None] for axis in (0, 1))
    distance = row.square() + column.square()
    return (share * distance).sum((2, 3)).mean()


def area(parts: Tensor, targets: Tensor) -> Tensor:
    """mean_B sum_k max(0, A_k - sum_p M_k(p)): a part smaller than its target costs, a larger one does not.

    Source: GANSeg's code.
    Shapes: parts [B K H W], targets [B K] -> scalar.
    Units: pixels of the map that the parts are given on.
    """
    return F.relu(targets - parts.sum((2, 3))).sum(1).mean()
