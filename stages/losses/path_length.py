"""How far a generator's images move with its codes, held at its own running mean."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stages.losses.precision import full_precision


def path_lengths(images: Tensor, codes: Tensor, direction: Tensor) -> Tensor:
    """The length of each image's gradient along a drawn direction, over all layers' codes.

    g = d sum(I y / sqrt(H W)) / dw,  length = sqrt(mean_styles(sum_latent g^2)).

    Source: StyleGAN2 (code; spec 4.3).
    Shapes: images [B C H W] made from codes [B styles latent], direction y [B C H W] standard normal -> [B], with a
        second gradient.
    """
    scaled = direction / math.sqrt(images.shape[2] * images.shape[3])
    (slope,) = torch.autograd.grad((full_precision(images) * scaled).sum(), codes, create_graph=True)
    return slope.square().sum(2).mean(1).sqrt()


def path_length(lengths: Tensor, average: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """mean((length - a')^2) and the moved mean a' = a + decay (mean(length) - a), through which gradients flow too.

    Source: StyleGAN2 (code; spec 4.3).
    Shapes: lengths [B] of the whole batch, average [] -> [], [] (to be kept detached).
    """
    moved = average.detach().lerp(lengths.mean(), decay)
    return (lengths - moved).square().mean(), moved
