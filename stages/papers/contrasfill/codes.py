"""What a generator's latent codes and noise are drawn from, and how it starts."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance
from stages.nets.stylegan.equal import EqualLinear
from stages.nets.stylegan.modconv import StyleBank
from stages.nets.stylegan.noise import NoisePlanes
from stages.papers.contrasfill.keys import CommonBlock
from stages.papers.contrasfill.start import started


def noise_rows(planes: NoisePlanes, kind: str, name: str, rows: int, chance: Chance) -> Tensor | None:
    """The noise of all layers at once: drawn for each sample (one draw), the network's fixed planes, or none."""
    if kind == "random":
        return chance.noise(name, rows, planes.size, planes.fixed.device)
    return planes.fixed if kind == "const" else None


def prepared(generator: nn.Module, block: CommonBlock) -> nn.Module:
    """The generator at its start, by style_spread and kernel_mean; strengths stay zero where there is no noise."""
    with torch.no_grad():
        for affine in cast(StyleBank, generator.bank).affine:
            cast(EqualLinear, affine).weight.mul_(block.style_spread)
    for name, parameter in generator.named_parameters():
        if name.endswith(".strength"):
            parameter.requires_grad_(block.noise != "none")
    return started(generator, block.kernel_mean)


def normal_codes(name: str, batch: dict[str, Tensor], chance: Chance, latent: int) -> Tensor:
    """One normal code for each image of the batch: [B latent]."""
    return chance.normal(name, len(batch["image"]), latent).to(batch["image"].device)
