"""Heat-maps of parts, and vectors spread over the image by them."""

from typing import Literal

import torch
from torch import Tensor

Kernel = Literal["gaussian", "triangle"]


def heatmaps(centers: Tensor, scale: Tensor, places: Tensor, kernel: Kernel) -> Tensor:
    """H_k(p) = exp(-|p - x_k|^2 / tau_k), or max(0, 1 - |p - x_k| / tau_k).

    Source: code (triangle); gaussian, sigma_k^2 = tau_k, ours (gap G2).
    Shapes: centers [B K 2], scale [B K], places [H W 2] -> [B K H W] in [0, 1].
    Raises: ValueError for another kernel.
    """
    # By axis: a last axis of length two would make each step a strided one.
    row, column = (places[..., axis] - centers[:, :, axis, None, None] for axis in (0, 1))
    squared = row.square() + column.square()
    scale = scale[:, :, None, None]
    if kernel == "gaussian":
        return torch.exp(-squared / scale)
    if kernel == "triangle":
        return (1 - squared.sqrt() / scale).clamp(min=0)
    raise ValueError(f"kernel: expected gaussian or triangle, came {kernel!r}")


def spread_vectors(maps: Tensor, vectors: Tensor) -> Tensor:
    """W(p) = sum_k H_k(p) w_k.  Source: code; eq. 4 of supp §E. Shapes: [B K H W], [B K d] -> [B d H W]."""
    batch, _, height, width = maps.shape
    return (vectors.transpose(1, 2) @ maps.flatten(2)).reshape(batch, -1, height, width)
