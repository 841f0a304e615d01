"""CollageGAN trained as a baseline: the same data, holes and budget as ContrasFill, no contrastive loss."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World
from stages.nets.stylegan.codes import pulled, track
from stages.papers.contrasfill.baseline import Baseline
from stages.papers.contrasfill.codes import noise_rows, normal_codes
from stages.papers.contrasfill.holes import composite, holes
from stages.papers.contrasfill.keys import CommonBlock, sizes, training_source
from stages.papers.contrasfill.methods.collagegan.nets import Generator


class Block(CommonBlock):
    """Keys of CollageGAN."""

    decoder_skips: bool


class CollageGAN(Baseline[Block]):
    """One code steers the decoder; the masked image enters through a plain encoder.

    Source: spec §6.2 (gap G13): the original's perceptual and code-encoder terms are left out; budget: gap G20.
    """

    def __init__(self, block: Block, world: World, seed: int):
        super().__init__(
            block, world, seed, partial(Generator, **sizes(block), decoder_skips=block.decoder_skips), None
        )

    def fill(self, name: str, batch: dict, mask: Tensor, chance: Chance) -> Tensor:
        """Composites of one training phase."""
        generator, image = self.nets["generator"], batch["image"]
        mapped = generator.mapping(normal_codes(f"{name}/code", batch, chance, self.block.latent))
        if name == "G":
            track(self.memory["latent_average"], mapped, self.block.latent_average_keep, self.world)
        flat = noise_rows(generator.trunk.noise, self.block.noise, f"{name}/noise", len(image), chance)
        return composite(generator(image, mask, mapped, flat), image, mask)

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One filling per row."""
        generator, image, mask = self.nets["generator"], batch["image"], holes(batch["mask"], self.block.hole)
        mapped = generator.mapping(normal_codes("code", batch, chance, self.block.latent))
        mapped = pulled(mapped, self.memory["latent_average"].to(image.device), self.block.truncation)
        flat = noise_rows(generator.trunk.noise, self.block.noise_evaluation, "noise", len(image), chance)
        colours = generator(image, mask, mapped, flat).float()
        return {"image": composite(colours, image, mask), "colours": colours, "mask": mask}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[CollageGAN, object]:
    """The method and its data."""
    return CollageGAN(block, world, seed), training_source(block, inputs, seed, world)


def for_sampling(block: Block, world: World) -> CollageGAN:
    """The method without data; weights are loaded afterwards."""
    return CollageGAN(block, world, 0)
