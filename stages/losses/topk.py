"""A gate that opens for the most similar negatives only: by a threshold, or for a given number of each anchor's."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.losses.weighting import Weighting

BISECTIONS = 80  # each halves the bracket: float64 is exhausted before
SPREAD = 1e-3  # scores closer together than this count as this far apart: a gate of no slope has no threshold


def soft_topk(scores: Tensor, count: float, eta: float) -> tuple[Tensor, Tensor]:
    """(a, t): a gate in (0, 1) that sums to `count` along the last axis, and its threshold.

    a_j = sigmoid(c (s_j - t)), c = 2 (max s - min s) / eta, sum_j a_j = count

    It is the entropic transport (entropy eta, squared cost) between the M scores and two atoms at min s and max s with
    masses M - count and count, solved by bisection on t. Gradient by the implicit function theorem with c constant:
    dt = sum_l g_l ds_l / sum_l g_l, g = a (1 - a) c.

    Source: Xie et al. 2020 (the operator); MoNCE supp §4 names it as future work (spec 9.3).
    Shapes: [... M] -> [... M], [... 1].
    Raises: ValueError for a count outside (0, M), where the gate is a constant and has no threshold.
    """
    size = scores.shape[-1]
    if not 0 < count < size:
        raise ValueError(f"soft_topk: expected a count between 0 and {size}, both left out, came {count}")
    fixed = scores.detach()
    lowest, highest = fixed.amin(-1, keepdim=True), fixed.amax(-1, keepdim=True)
    slope = 2 * (highest - lowest).clamp_min(SPREAD) / eta
    # What would solve it were all scores the lowest, or the highest: the solution lies between.
    offset = math.log(count / (size - count)) / slope
    below, above = lowest - offset, highest - offset
    # Counted as what the rest has beyond what the highest lack, so that nothing is lost where gates are nearly 0 or 1.
    side = 1 - 2 * highest_of(fixed, math.floor(count))
    for _ in range(BISECTIONS):
        middle = (below + above) / 2
        excess = (side * torch.sigmoid(side * slope * (fixed - middle))).sum(-1, keepdim=True)
        many = excess > count - math.floor(count)
        below, above = torch.where(many, middle, below), torch.where(many, above, middle)
    threshold = (below + above) / 2
    gate = torch.sigmoid(slope * (fixed - threshold))
    pull = gate * (1 - gate)
    pull = pull / pull.sum(-1, keepdim=True).clamp_min(torch.finfo(pull.dtype).tiny)
    threshold = threshold + (pull * (scores - fixed)).sum(-1, keepdim=True)  # its value, with its implicit gradient
    return torch.sigmoid(slope * (scores - threshold)), threshold


def highest_of(scores: Tensor, count: int) -> Tensor:
    """1 for the `count` highest along the last axis, of equal ones the first, 0 for the rest; no gradient."""
    order = scores.detach().argsort(dim=-1, descending=True, stable=True)
    return (order.argsort(-1) < count).to(scores.dtype)


def hard_topk(scores: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(a, t) without gradient: 1 for the `count` highest scores; t halves the gap below them.

    Source: spec 9.3; soft_topk's limit for eta -> 0 (its slope grows without end).
    Shapes: [... M] -> [... M], [... 1].
    Raises: ValueError for a count outside (0, M).
    """
    size = scores.shape[-1]
    if not 0 < count < size:
        raise ValueError(f"hard_topk: expected a count between 0 and {size}, both left out, came {count}")
    values = scores.detach().sort(dim=-1, descending=True).values
    return highest_of(scores, count), (values[..., count - 1 : count] + values[..., count : count + 1]) / 2


def soft_threshold(scores: Tensor, threshold: float, eta: float) -> tuple[Tensor, Tensor]:
    """(a, t): a = sigmoid((s - t) / eta), t the same for all.

    Source: MoNCE supp §4, future work (spec 9.3).
    Shapes: [... M] -> [... M], [... 1].
    """
    return torch.sigmoid((scores - threshold) / eta), torch.full_like(scores[..., :1], threshold)


def select(similarity: Tensor, weighting: Weighting) -> tuple[Tensor, Tensor]:
    """(a, t) over each anchor's N - 1 negatives; the diagonal of a is 0.

    A count of N - 1 or more is the constant 1 and one of 0 or less the constant 0, both with t = 0, by definition.
    Shapes: [B N N] -> [B N N], [B N 1].
    """
    negatives = off_diagonal(similarity)
    count = weighting.share * negatives.shape[-1]
    if weighting.selection == "hard_topk":
        count = round(count)
    if weighting.selection == "threshold":
        gate, threshold = soft_threshold(negatives, weighting.threshold, weighting.eta)
    elif weighting.selection == "none" or count >= negatives.shape[-1]:
        gate, threshold = torch.ones_like(negatives), torch.zeros_like(negatives[..., :1])
    elif count <= 0:
        gate, threshold = torch.zeros_like(negatives), torch.zeros_like(negatives[..., :1])
    elif weighting.selection == "topk":
        gate, threshold = soft_topk(negatives, count, weighting.eta)
    else:
        gate, threshold = hard_topk(negatives, int(count))
    return with_diagonal(gate), threshold


def off_diagonal(square: Tensor) -> Tensor:
    """[B N N] -> [B N N-1], each row without its entry on the diagonal, in order."""
    batch, size, _ = square.shape
    # Behind the first entry, every N + 1 entries end with one of the diagonal.
    return square.flatten(1)[:, 1:].reshape(batch, size - 1, size + 1)[:, :, :-1].reshape(batch, size, size - 1)


def with_diagonal(rows: Tensor) -> Tensor:
    """[B N N-1] -> [B N N], the inverse of off_diagonal with zeros on the diagonal."""
    batch, size, _ = rows.shape
    spread = F.pad(rows.reshape(batch, size - 1, size), (0, 1)).flatten(1)
    return F.pad(spread, (1, 0)).reshape(batch, size, size)
