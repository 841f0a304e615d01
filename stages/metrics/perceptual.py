"""Perceptual distance between images: squared differences of unit-normalised feature maps, summed over layers.

With AlexNet and the heads that lpips brings this is LPIPS; with another trunk and no heads it is named PD-<trunk>.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from stages.metrics.pairs import count_to_pairs


class Perceptor(NamedTuple):
    """A trunk, images [B, 3, R, R] in [−1, 1] → one map [B, C, H, W] a layer, and its channel weights (None = ones)."""

    feature_maps: Callable[[Tensor], Sequence[Tensor]]
    heads: tuple[Tensor, ...] | None


class PairDistances(NamedTuple):
    """Distances of all pairs of samples of one image, over the whole image and over its hole [pairs]."""

    whole: Tensor
    hole: Tensor


def maps_to_unit(maps: Sequence[Tensor]) -> list[Tensor]:
    """Divide the feature vector at every place by its length (1e-10 is added, as lpips does)."""
    return [layer / (layer.square().sum(dim=1, keepdim=True).sqrt() + 1e-10) for layer in maps]


def unit_to_layer(left: Tensor, right: Tensor, head: Tensor | None) -> Tensor:
    """One layer's distance at every place: Σ_c w_c (a_c − b_c)².

    Shapes: [P, C, H, W] twice, head [C] → [P, 1, H, W].
    """
    squares = (left - right).square()
    if head is not None:
        squares = squares * head.to(squares)[None, :, None, None]
    return squares.sum(dim=1, keepdim=True)


def samples_to_pair_distances(perceptor: Perceptor, samples: Tensor, hole: Tensor) -> PairDistances:
    """The perceptual distance of every pair of samples of one image.

    whole(A, B) = Σ_layers mean over places of Σ_c w_c (a_c − b_c)²
    hole(A, B)  = Σ_layers, upsampled bilinearly to R × R, averaged over the hole's pixels

    Source: Zhang et al. 2018 (LPIPS), version 0.1; protocol gap G11.
    Shapes: samples [S, 3, R, R] in [−1, 1], hole [R, R] with 1 = hole → [S (S − 1) / 2] twice.
    Raises: ValueError where values leave [−1, 1] or the hole is empty.
    """
    if float(samples.abs().max()) > 1 + 1e-6:
        raise ValueError(
            f"perceptual distance takes images in [-1, 1], got values up to {float(samples.abs().max()):.3g}"
        )
    if hole.shape != samples.shape[-2:] or not bool((hole > 0).any()):
        raise ValueError(
            f"expected a hole of at least one pixel and shape {tuple(samples.shape[-2:])}, got {tuple(hole.shape)}"
        )
    pairs = count_to_pairs(len(samples)).to(samples.device)
    inside = (hole > 0).to(samples)
    whole = hole_only = torch.zeros(len(pairs), device=samples.device)
    with torch.no_grad():
        layers = maps_to_unit(perceptor.feature_maps(samples))
        heads = perceptor.heads or (None,) * len(layers)
        for layer, head in zip(layers, heads, strict=True):
            places = unit_to_layer(layer[pairs[:, 0]], layer[pairs[:, 1]], head)
            whole = whole + places.mean(dim=(1, 2, 3))
            full = functional.interpolate(places, size=samples.shape[-2:], mode="bilinear", align_corners=False)
            hole_only = hole_only + (full[:, 0] * inside).sum(dim=(1, 2)) / inside.sum()
    return PairDistances(whole.double().cpu(), hole_only.double().cpu())
