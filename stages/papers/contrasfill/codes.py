"""What a generator's latent codes and noise are drawn from, and how it starts."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan.equal import EqualLinear
from stages.nets.stylegan.modconv import StyleBank
from stages.nets.stylegan.noise import NoisePlanes
from stages.papers.contrasfill.keys import CommonBlock


def noise_rows(planes: NoisePlanes, kind: str, name: str, rows: int, chance: Chance) -> Tensor | None:
    """The noise of all layers at once: drawn for each sample (one draw), the network's fixed planes, or none."""
    if kind == "random":
        return chance.normal(name, rows, planes.size).to(planes.fixed.device)
    return planes.fixed if kind == "const" else None


def prepared(generator: nn.Module, block: CommonBlock) -> nn.Module:
    """The generator at its start: affine layers scaled by style_spread; strengths stay zero where there is no noise."""
    with torch.no_grad():
        for affine in cast(StyleBank, generator.bank).affine:
            cast(EqualLinear, affine).weight.mul_(block.style_spread)
    for name, parameter in generator.named_parameters():
        if name.endswith(".strength"):
            parameter.requires_grad_(block.noise != "none")
    return generator


def normal_codes(name: str, batch: dict[str, Tensor], chance: Chance, latent: int) -> Tensor:
    """One normal code for each image of the batch: [B latent]."""
    return chance.normal(name, len(batch["image"]), latent).to(batch["image"].device)


def pulled(mapped: Tensor, average: Tensor, amount: float) -> Tensor:
    """Truncation: w_avg + amount (w - w_avg); 1 leaves w as it is.  Source: StyleGAN2 (code)."""
    return mapped if amount == 1.0 else torch.lerp(average.expand_as(mapped), mapped, amount)


def track(average: Tensor, mapped: Tensor, keep: float, world: World) -> None:
    """Moves the running mean of mapped codes, in place, by the global batch's mean.  Source: StyleGAN2 (code)."""
    with torch.no_grad():
        average.lerp_(world.gather(mapped.detach().float()).mean(0), 1.0 - keep)
