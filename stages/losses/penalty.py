"""Gradient penalties on discriminators."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from stages.losses.precision import full_precision


def r1(discriminator: Callable[[Tensor], Tensor], real: Tensor, gamma: float) -> Tensor:
    """gamma / 2 times the mean squared norm of the gradient of the logits at real images, never rounded below float32.

    gamma/2 mean_B ||grad_I D(I)||^2

    Source: StyleGAN2 (code; gap G10).
    Shapes: real [B C H W], discriminator(real) any shape -> scalar with a second gradient.
    """
    with torch.enable_grad(), torch.autocast(real.device.type, enabled=False):
        images = full_precision(real.detach()).requires_grad_(True)
        (slope,) = torch.autograd.grad(full_precision(discriminator(images)).sum(), images, create_graph=True)
        return slope.square().flatten(1).sum(1).mean() * (gamma / 2)


def gradient_norm(discriminator: Callable[[Tensor], Tensor], points: Tensor, weight: float, centre: float) -> Tensor:
    """weight * mean_B (||grad_I D(I)||_2 - centre)^2 over all pixels and channels, never rounded below float32.

    Which penalty it is follows from the points: real images (GANSeg, centre 1), or images between real and generated
    (WGAN-GP, centre 1).

    Source: GANSeg supp §B.4 (weight 10) and code (one-centred, on real images); Gulrajani et al. 2017, eq. 3.
    Shapes: points [B C H W], discriminator(points) any shape -> scalar with a second gradient.
    """
    with torch.enable_grad(), torch.autocast(points.device.type, enabled=False):
        images = full_precision(points.detach()).requires_grad_(True)
        (slope,) = torch.autograd.grad(full_precision(discriminator(images)).sum(), images, create_graph=True)
        lengths = torch.linalg.vector_norm(slope.flatten(1), dim=1)
        return (lengths - centre).square().mean() * weight
