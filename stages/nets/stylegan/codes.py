"""Latent codes of StyleGAN2: a mixture of two for the layers, their running mean, and the pull towards it."""

from __future__ import annotations

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan.generator import Generator


def mixed(generator: Generator, mapped: Tensor, share: float, name: str, chance: Chance) -> Tensor:
    """Codes of all layers: with probability `share` a second code takes over from one drawn layer on.

    One draw and one layer, uniform in 1 .. styles - 1, for the whole batch.

    Source: StyleGAN2 (code).
    Shapes: mapped [B latent] -> [B styles latent].
    """
    codes = generator.spread(mapped)
    draw = chance.numpy(f"{name}/mixing")
    if draw.random() >= share:
        return codes
    cut = int(draw.integers(1, generator.styles))
    normal = chance.normal(f"{name}/code_mixed", len(mapped), generator.inputs).to(mapped.device)
    return torch.cat([codes[:, :cut], generator.spread(generator.mapping(normal))[:, cut:]], dim=1)


def pulled(mapped: Tensor, average: Tensor, amount: float) -> Tensor:
    """Truncation: w_avg + amount (w - w_avg); 1 leaves w as it is.  Source: StyleGAN2 (code)."""
    return mapped if amount == 1.0 else torch.lerp(average.expand_as(mapped), mapped, amount)


def track(average: Tensor, mapped: Tensor, keep: float, world: World) -> None:
    """Moves the running mean of mapped codes, in place, by the global batch's mean.  Source: StyleGAN2 (code)."""
    with torch.no_grad():
        average.lerp_(world.gather(mapped.detach().float()).mean(0), 1.0 - keep)
