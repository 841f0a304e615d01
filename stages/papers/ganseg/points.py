"""From points to parts: where a part is and how large it is."""

from typing import Literal

import torch
from torch import Tensor

Scale = Literal["radius_var", "std", "mean_abs"]
FLOOR = 1e-6  # code: keeps the heat-map of coinciding points finite


def centers(points: Tensor) -> Tensor:
    """x_k = mean_i x_k^i.  Source: code. Shapes: [B K n 2] -> [B K 2]."""
    return points.mean(2)


def mean_deviation(points: Tensor) -> Tensor:
    """Mean over points and both axes of |x_k^i - x_k|.  Source: code. Shapes: [B K n 2] -> [B K]."""
    return (points - centers(points)[:, :, None]).abs().mean((2, 3))


def spread(points: Tensor, kind: Scale) -> Tensor:
    """How far a part's points lie apart, without the floor.  r_i = |x_k^i - x_k|.

    radius_var: the unbiased variance of r_i, which is 0 for n = 2 (both points are equally far) and, being biased
        there, for n = 1;  std: sum_i r_i^2 / (n - 1), and 0 for n = 1;  mean_abs: mean over i and both axes of
        |x_k^i - x_k|.

    Source: std: as others quote the main paper; radius_var, mean_abs: code (gap G2).
    Shapes: points [B K n 2] -> [B K].
    Raises: ValueError for another kind.
    """
    if kind == "mean_abs":
        return mean_deviation(points)
    others = max(points.shape[2] - 1, 1)
    # vector_norm has a finite gradient where a point lies on the centre; a written-out root has none.
    radius = torch.linalg.vector_norm(points - centers(points)[:, :, None], dim=3)
    if kind == "radius_var":
        return (radius - radius.mean(2, keepdim=True)).square().sum(2) / others
    if kind == "std":
        return radius.square().sum(2) / others
    raise ValueError(f"scale: expected radius_var, std or mean_abs, came {kind!r}")


def part_scale(points: Tensor, kind: Scale) -> Tensor:
    """tau_k, the denominator (Gaussian) or radius (triangle) of the part's heat-map. Shapes: [B K n 2] -> [B K]."""
    return spread(points, kind) + FLOOR
