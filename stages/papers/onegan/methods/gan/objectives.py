"""Terms of the losses that no other paper has: regularisation, distributions of codes, and what is seen of a ground.

All in float32 whatever they are given; float64 stays.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from stages.losses.precision import full_precision
from stages.papers.onegan.encoders import Normal

DECISIVENESS = 0.1  # supp §B, inside L_RM
EVEN = 0.5  # supp §B, the share that masks are balanced around
LEAST_GROUND = 1e-6  # ours (gap G1): under a mask that covers all there is nothing to compare


def code_lengths(*codes: Tensor) -> Tensor:
    """L_Rv = |v_p|² + |v_c|² + |v_bg|², the mean over the batch.

    Source: supp §B. Shapes: [B d] each -> scalar.
    """
    return torch.stack([full_precision(code).square().sum(1).mean() for code in codes]).sum()


def balance(mask: Tensor) -> Tensor:
    """L_MB = |mean(I_m) - 1/2| of each mask.  Source: supp §B. Shapes: [B 1 H W] -> [B]."""
    return (full_precision(mask).mean((1, 2, 3)) - EVEN).abs()


def decisiveness(mask: Tensor) -> Tensor:
    """L_MD = |mean max(0, I'_m) - 1/2| + |mean min(0, I'_m) + 1/2| of each mask, I'_m = 2 I_m - 1.

    Source: supp §B. Shapes: [B 1 H W] -> [B].
    """
    spread = 2 * full_precision(mask) - 1
    inside, outside = spread.clamp(min=0).mean((1, 2, 3)), spread.clamp(max=0).mean((1, 2, 3))
    return (inside - EVEN).abs() + (outside + EVEN).abs()


def mask_regularisation(mask: Tensor) -> Tensor:
    """L_RM = L_MB + 0.1 L_MD "for each mask", the mean over the batch.

    Source: supp §B. Shapes: [B 1 H W] -> scalar.
    """
    return (balance(mask) + DECISIVENESS * decisiveness(mask)).mean()


def divergence(code: Normal) -> Tensor:
    """KL(N(mu, exp s) | N(0, 1)) = sum_k 1/2 (mu² + exp(s) - 1 - s), the mean over the batch.

    Source: ours (gap G1). Shapes: [B d] -> scalar.
    """
    mean, spread = full_precision(code.mean), full_precision(code.spread)
    return (mean.square() + spread.exp() - 1 - spread).sum(1).mean() / 2


def likelihood(value: Tensor, code: Normal) -> Tensor:
    """NLL(v; mu, s) = mean_k 1/2 ((v_k - mu_k)² exp(-s_k) + s_k), without its constant; no gradient into v.

    Source: ours (gap G1). Shapes: [B d] -> scalar.
    """
    mean, spread = full_precision(code.mean), full_precision(code.spread)
    return ((full_precision(value.detach()) - mean).square() * (-spread).exp() + spread).mean() / 2


def cross_entropy(logits: Tensor, classes: Tensor) -> Tensor:
    """-log softmax(logits)[class] of each sample. Shapes: [B N], int64 [B] -> [B]."""
    return F.cross_entropy(full_precision(logits), classes, reduction="none")


def ground_difference(image: Tensor, ground: Tensor, mask: Tensor) -> Tensor:
    """sum (1 - m) |x - I_bg| / (3 sum (1 - m)) of each photo, the mean over the batch; no gradient into the mask.

    Source: ours (gap G1). Shapes: [B 3 H W] twice, [B 1 H W] -> scalar.
    """
    shown = 1 - full_precision(mask.detach())
    difference = (shown * (full_precision(image) - full_precision(ground)).abs()).sum((1, 2, 3))
    return (difference / (image.shape[1] * shown.sum((1, 2, 3)) + LEAST_GROUND)).mean()
