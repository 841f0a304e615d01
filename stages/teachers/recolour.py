"""Random colours for photos whose known factor is not colour."""

import torch
from torch import Tensor

from stages.engine.chance import Chance


def recoloured(images: Tensor, chance: Chance, share: float) -> Tensor:
    """A share of the images in other colours; outlines stay where they are.

    y_c = clamp(a_c Σ_j w_cj x_j + b_c, -1, 1), the w_c uniform over all weights that sum to 1 (so that channels may
    change places or become alike), a_c uniform in [0.5, 1.5), b_c in [-0.3, 0.3); all drawn for each image anew.
    Source: ours (gap G12). Shapes: [B 3 H W] in [-1, 1] -> the same.
    """
    count, device = len(images), images.device
    # Exponential numbers over their sum; the least bit keeps three zeros from dividing by zero.
    drawn = -torch.log1p(-chance.uniform("recolour/mix", count, 3, 3).double()) + 1e-9
    weights = (drawn / drawn.sum(2, keepdim=True)).float().to(device)
    gain = 0.5 + chance.uniform("recolour/gain", count, 3).to(device)
    shift = (chance.uniform("recolour/shift", count, 3).to(device) - 0.5) * 0.6
    mixed = torch.einsum("nij,njhw->nihw", weights, images) * gain[:, :, None, None] + shift[:, :, None, None]
    chosen = chance.uniform("recolour/chosen", count).to(device) < share
    return torch.where(chosen[:, None, None, None], mixed.clamp(-1, 1), images)
