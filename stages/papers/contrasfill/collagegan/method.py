"""CollageGAN trained as a baseline: the same data, holes and budget as ContrasFill, no contrastive loss."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor

from stages.engine.chance import Chance, initialised
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.papers.contrasfill.collagegan.nets import Generator
from stages.papers.contrasfill.common import (
    Adversary,
    CommonBlock,
    adam,
    adversarial_terms,
    composite,
    discriminator_of,
    holes,
    noise_rows,
    normal_codes,
    prepared,
    pulled,
    track,
    training_source,
)


class Block(CommonBlock):
    """Keys of CollageGAN."""

    decoder_skips: bool


class CollageGAN:
    """One code steers the decoder; the masked image enters through a plain encoder.

    Source: spec §6.2 (gap G13): the original's perceptual and code-encoder terms are left out; budget: gap G20.
    """

    average = ("generator",)

    def __init__(self, block: Block, world: World, seed: int):
        self.block, self.world = block, world
        with initialised(seed, "generator"):
            generator = Generator(
                block.size_px,
                block.channel_base,
                block.channel_limit,
                block.latent,
                mapping_layers=block.mapping_layers,
                mapping_rate=block.mapping_rate,
                decoder_skips=block.decoder_skips,
            )
        with initialised(seed, "discriminator"):
            discriminator = discriminator_of(block)
        self.nets = {"generator": prepared(generator, block), "discriminator": discriminator}
        self.frozen: dict = {}
        self.memory = {"latent_average": torch.zeros(block.latent)}
        self.descents = {
            "D": adam(block, ("discriminator",), block.penalty_every),
            "G": adam(block, ("generator",), None),
        }
        self.adversary = Adversary(discriminator, block, world)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("discriminator",)), Phase("G", "G", ("generator",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """The adversarial pair; each phase fills the same holes with fresh codes."""
        mask = holes(batch["mask"], self.block.hole)

        def generate() -> Tensor:
            return self.fill(phase.name, batch, mask, chance)

        return adversarial_terms(self.adversary, phase, batch, mask, generate, chance, step)

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
