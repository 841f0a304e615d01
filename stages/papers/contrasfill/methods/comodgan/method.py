"""CoModGAN trained as a baseline: the same data, holes and budget as ContrasFill, no contrastive loss."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from pydantic import Field
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan.codes import pulled, track
from stages.papers.contrasfill.baseline import Baseline
from stages.papers.contrasfill.codes import noise_rows, normal_codes
from stages.papers.contrasfill.holes import composite, holes
from stages.papers.contrasfill.keys import CommonBlock, sizes, training_source
from stages.papers.contrasfill.methods.comodgan.nets import Generator


class Block(CommonBlock):
    """Keys of CoModGAN. `training_truncation` 0.5 is what the official code does by accident, 1 turns it off."""

    style_mixing: float = Field(ge=0, le=1)
    dropout: float = Field(ge=0, lt=1)
    training_truncation: float = Field(ge=0)
    generator_lazy_every: int = Field(gt=0)


class CoModGAN(Baseline[Block]):
    """One code and the summary of the masked image steer every decoder layer.

    Source: zsyzzsoft/co-mod-gan (code); budget and data as ContrasFill (gap G20).
    """

    def __init__(self, block: Block, world: World, seed: int):
        super().__init__(block, world, seed, partial(Generator, **sizes(block)), block.generator_lazy_every)

    def fill(self, name: str, batch: dict, mask: Tensor, chance: Chance) -> Tensor:
        """Composites of one training phase, with style mixing."""
        generator, average, image = self.nets["generator"], self.memory["latent_average"], batch["image"]
        mapped = generator.mapping(normal_codes(f"{name}/code", batch, chance, self.block.latent))
        if name == "G":
            track(average, mapped, self.block.latent_average_keep, self.world)
        mapped, second, cut = pulled(mapped, average, self.block.training_truncation), None, 0
        draw = chance.numpy(f"{name}/mixing")
        if draw.random() < self.block.style_mixing:
            cut = int(draw.integers(1, generator.styles))
            second = generator.mapping(normal_codes(f"{name}/code_mixed", batch, chance, self.block.latent))
            second = pulled(second, average, self.block.training_truncation)
        flat = noise_rows(generator.noise, self.block.noise, f"{name}/noise", len(image), chance)
        keep = self.kept(f"{name}/dropout", image, chance)
        return composite(generator(image, mask, mapped, keep, flat, second, cut), image, mask)

    def kept(self, name: str, image: Tensor, chance: Chance) -> Tensor:
        """Dropout factors, 0 or 1 / (1 - rate); drawn in training and in sampling, as the official code does."""
        uniform = chance.uniform(name, len(image), self.nets["generator"].width)
        return (uniform >= self.block.dropout).float().div_(1 - self.block.dropout).to(image.device)

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One filling per row, without style mixing and with dropout."""
        generator, image, mask = self.nets["generator"], batch["image"], holes(batch["mask"], self.block.hole)
        mapped = generator.mapping(normal_codes("code", batch, chance, self.block.latent))
        mapped = pulled(mapped, self.memory["latent_average"].to(image.device), self.block.truncation)
        flat = noise_rows(generator.noise, self.block.noise_evaluation, "noise", len(image), chance)
        colours = generator(image, mask, mapped, self.kept("dropout", image, chance), flat).float()
        return {"image": composite(colours, image, mask), "colours": colours, "mask": mask}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[CoModGAN, object]:
    """The method and its data."""
    return CoModGAN(block, world, seed), training_source(block, inputs, seed, world)


def for_sampling(block: Block, world: World) -> CoModGAN:
    """The method without data; weights are loaded afterwards."""
    return CoModGAN(block, world, 0)
