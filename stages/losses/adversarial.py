"""Adversarial pairs: non-saturating logistic, least squares, hinge."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor

from stages.losses.precision import full_precision


def logistic_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """mean softplus(D(fake)) + mean softplus(-D(real)).

    Source: CoModGAN, StyleGAN2 (code; gap G10).
    Shapes: logits of any shape -> scalar.
    """
    return F.softplus(fake.float()).mean() + F.softplus(-real.float()).mean()


def logistic_generator(fake: Tensor) -> Tensor:
    """mean softplus(-D(fake)).

    Source: CoModGAN, StyleGAN2 (code; gap G10).
    Shapes: logits of any shape -> scalar.
    """
    return F.softplus(-fake.float()).mean()


def least_squares_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """1/2 (mean (D(real) - 1)^2 + mean D(fake)^2).

    Source: Mao et al. 2017, eq. 2 (a 0, b 1); MoNCE, CUT (code; spec 4.1).
    Shapes: outputs of any shape -> scalar.
    """
    return ((full_precision(real) - 1).square().mean() + full_precision(fake).square().mean()) / 2


def least_squares_generator(fake: Tensor) -> Tensor:
    """mean (D(fake) - 1)^2.

    Source: Mao et al. 2017, eq. 2 (c 1), without its half; MoNCE, CUT (code; spec 4.1).
    Shapes: outputs of any shape -> scalar.
    """
    return (full_precision(fake) - 1).square().mean()


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """mean max(0, 1 - D(real)) + mean max(0, 1 + D(fake)).

    Source: Lim & Ye 2017; MoNCE, SPADE (code; spec 4.9).
    Shapes: outputs of any shape -> scalar.
    """
    return F.relu(1 - full_precision(real)).mean() + F.relu(1 + full_precision(fake)).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """-mean D(fake).

    Source: Lim & Ye 2017; MoNCE, SPADE (code; spec 4.9).
    Shapes: outputs of any shape -> scalar.
    """
    return -full_precision(fake).mean()
