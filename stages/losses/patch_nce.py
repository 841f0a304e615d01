"""Contrast of positions: each position of the output against its own and the other positions of the input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.losses.precision import full_precision, no_autocast
from stages.losses.transport import log_weights, on_diagonal
from stages.losses.weighting import Weighting

EPSILON = 1e-7  # CUT (code): added to a feature's length
ADDED = 1e-8  # MoNCE (code): added to a weight before its logarithm


class Forces(NamedTuple):
    """Of each anchor, at the similarities: pull on the positive, push on all negatives, and 1 - p; each [B N]."""

    pull: Tensor
    push: Tensor
    unsolved: Tensor


def unit(features: Tensor) -> Tensor:
    """x / (|x| + 1e-7) along the last axis; a zero vector stays zero."""
    return features / (torch.linalg.vector_norm(features, dim=-1, keepdim=True) + EPSILON)


def similarities(queries: Tensor, keys: Tensor) -> Tensor:
    """s_ij = <x_i, y_j> of unit features, the keys without gradient, in float32 (float64 stays).

    Source: CUT, MoNCE (code; spec 4.2).
    Shapes: [B N D] twice -> [B N N], row = query.
    Raises: ValueError for queries and keys of different shapes.
    """
    if queries.ndim != 3 or queries.shape != keys.shape:
        raise ValueError(
            f"contrast of positions: expected queries and keys of one shape [B N D], came {tuple(queries.shape)} and "
            f"{tuple(keys.shape)}; take both at the same positions"
        )
    queries, keys = full_precision(queries), full_precision(keys.detach())
    with no_autocast(queries):
        return unit(queries) @ unit(keys).transpose(1, 2)


def weighted_nce(similarity: Tensor, weights: Tensor, temperature: float, negative_weight: float) -> Tensor:
    """-log( e^{s_ii / tau} / (e^{s_ii / tau} + Q (N - 1) sum_{j != i} w_ij e^{s_ij / tau}) ) of every anchor i.

    Computed as softplus(logsumexp_j - s_ii / tau): the cross entropy loses the gradient of anchors that are nearly
    solved. N counts the positions given; a single one has no negatives and costs 0.

    Source: MoNCE supp §2 and code (spec 4.2 to 4.4).
    Shapes: similarity and log-weights [B N N] -> [B N].
    Raises: ValueError for a Q or temperature that is not positive.
    """
    if not (negative_weight > 0 and temperature > 0):
        raise ValueError(f"expected a positive Q and temperature, came {negative_weight} and {temperature}")
    similarity = full_precision(similarity)
    positive = similarity.diagonal(dim1=1, dim2=2)
    if similarity.shape[1] == 1:
        return positive * 0
    scale = math.log(similarity.shape[1] - 1) + math.log(negative_weight)
    negatives = (similarity / temperature + weights + scale).logsumexp(2)
    # softplus(x) = -logsigmoid(-x); torch's softplus itself is cut off: beyond 20 it is x, with a slope of exactly 1.
    return -F.logsigmoid(positive / temperature - negatives)


def negative_weights(similarity: Tensor, weighting: Weighting, negative_weight: float) -> Tensor:
    """The log-weights that weighted_nce takes; with compat released, what the public code makes of the plan.

    released: w_ij = (T_ij (P - 1) Q + 1e-8) / ((N - 1) Q), P = the option `patches`, whatever N is given

    Shapes: [B N N] -> [B N N].
    """
    weights = log_weights(similarity, weighting)
    if weighting.compat == "exact" or weighting.mode != "monce" or weights.shape[1] == 1:
        return weights
    used = weights.exp() * ((weighting.patches - 1) * negative_weight) + ADDED
    used = used.log() - math.log((weights.shape[1] - 1) * negative_weight)
    return used.masked_fill(on_diagonal(used), -torch.inf)


def patch_nce(
    queries: Sequence[Tensor], keys: Sequence[Tensor], weighting: Weighting, temperature: float, negative_weight: float
) -> list[Tensor]:
    """The losses of all anchors of all layers; layers with equal N are solved as one problem.

    Source: CUT (uniform, Q = 1), MoNCE supp §2, §3; the public code averages over B and N, then over layers.
    Shapes: a layer's features [B N D], D and N its own -> for each layer [B N].
    Raises: ValueError for lists of different lengths.
    """
    if len(queries) != len(keys):
        raise ValueError(f"expected as many layers of keys as of queries, came {len(keys)} and {len(queries)}")
    matrices = [similarities(query, key) for query, key in zip(queries, keys, strict=True)]
    losses: dict[int, Tensor] = {}
    for size in {matrix.shape[1]: None for matrix in matrices}:
        members = [layer for layer, matrix in enumerate(matrices) if matrix.shape[1] == size]
        stacked = torch.cat([matrices[layer] for layer in members])
        weights = negative_weights(stacked, weighting, negative_weight)
        found = weighted_nce(stacked, weights, temperature, negative_weight)
        parts = found.split([len(matrices[layer]) for layer in members])
        losses.update(zip(members, parts, strict=True))
    return [losses[layer] for layer in range(len(matrices))]


def forces(similarity: Tensor, weights: Tensor, temperature: float, negative_weight: float) -> Forces:
    """The loss's own gradient at the similarities with the weights held fixed, and 1 - p of each anchor.

    pull_i = -dL_i / ds_ii,  push_i = sum_{j != i} dL_i / ds_ij,  1 - p_i = 1 - e^{-L_i}

    Both are (1 - p_i) / tau for every Q: what Q changes is how solved an anchor has to be.

    Source: MoNCE supp §3's conjecture, spec 1 (note on M4) and 8.14.
    Shapes: [B N N] twice -> three of [B N]. Units: pull and push per unit of similarity.
    """
    with torch.enable_grad():
        held = full_precision(similarity).detach().requires_grad_(True)
        losses = weighted_nce(held, weights.detach(), temperature, negative_weight)
        (slope,) = torch.autograd.grad(losses.sum(), held)
    own = slope.diagonal(dim1=1, dim2=2)
    push = slope.masked_fill(on_diagonal(slope), 0.0).sum(2)
    return Forces(-own, push, -torch.expm1(-losses.detach()))
