"""Losses that bring the features of an output near those of its photo."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from stages.losses.patch_nce import unit
from stages.losses.precision import full_precision, no_autocast

LAYER_WEIGHTS = (
    1 / 32,
    1 / 16,
    1 / 8,
    1 / 4,
    1.0,
)  # of the five VGG layers, shallow to deep: SPADE (code), MoNCE supp §1
NEAREST = 1e-5  # added to the nearest key's distance
BANDWIDTH = 0.5


def absolute(made: Tensor, real: Tensor) -> Tensor:
    """mean |made - real|, the real one without gradient."""
    return (full_precision(made) - full_precision(real.detach())).abs().mean()


def feature_matching(made: Sequence[Sequence[Tensor]], real: Sequence[Sequence[Tensor]]) -> Tensor:
    """Of each discriminator the sum of mean |made - real| over all its outputs but the last; the mean over them.

    Source: pix2pixHD, SPADE (code; spec 4.9).
    Shapes: for each scale the outputs of each of its layers, any shape -> scalar.
    Raises: ValueError for lists of different lengths, or a scale without a layer before the last.
    """
    counts = [len(scale) for scale in made], [len(scale) for scale in real]
    if counts[0] != counts[1] or not counts[0] or min(counts[0]) < 2:
        raise ValueError(f"feature matching: expected at least two outputs a scale, alike in both, came {counts}")
    scales = [
        torch.stack([absolute(one, two) for one, two in zip(left[:-1], right[:-1], strict=True)]).sum()
        for left, right in zip(made, real, strict=True)
    ]
    return torch.stack(scales).mean()


def perceptual(made: Sequence[Tensor], real: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """sum_l w_l mean |phi_l(made) - phi_l(real)|.

    Source: SPADE (code; spec 4.9), with LAYER_WEIGHTS.
    Shapes: a layer's features, any shape, twice -> scalar.
    Raises: ValueError for lists of different lengths, or none.
    """
    if not made or not len(made) == len(real) == len(weights):
        raise ValueError(f"perceptual: expected as many layers each, came {len(made)}, {len(real)}, {len(weights)}")
    layers = zip(made, real, weights, strict=True)
    return torch.stack([weight * absolute(one, two) for one, two, weight in layers]).sum()


def contextual(queries: Tensor, keys: Tensor) -> Tensor:
    """-log mean_j max_i a_ij of each image: is there for every key a query that is nearer to it than to other keys?

    a_ij = softmax_j((1 - d~_ij) / 0.5),  d~_ij = d_ij / (min_k d_ik + 1e-5),  d_ij = 1 - cos(x_i - m, y_j - m)

    m is the mean of the image's keys; keys have no gradient.

    Source: Mechrez et al. 2018, eq. 2 to 4 (spec 4.9).
    Shapes: [B N D], [B M D] -> [B].
    """
    queries, keys = full_precision(queries), full_precision(keys.detach())
    with no_autocast(queries):
        mean = keys.mean(1, keepdim=True)
        distance = 1 - unit(queries - mean) @ unit(keys - mean).transpose(1, 2)
        relative = distance / (distance.amin(2, keepdim=True) + NEAREST)
        share = ((1 - relative) / BANDWIDTH).softmax(2)
        return -share.amax(1).mean(1).log()
