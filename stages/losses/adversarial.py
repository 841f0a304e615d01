"""The non-saturating logistic adversarial pair."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


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
