"""Unconditional StyleGAN2: trained here on prepared faces, or filled from published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, cast

import torch
from pydantic import Field
from torch import Tensor, nn

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.plan import CompiledBlock, Descent, Phase
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.penalty import r1
from stages.nets.stylegan.codes import mixed, track
from stages.nets.stylegan.generator import Generator
from stages.nets.stylegan.stylegan2 import Discriminator


class Block(CompiledBlock):
    """Keys of the generator. source file: the published weights named by the *_file keys; taught: trained here.

    Units: size_px in pixels; learning_rate per step; penalty_every in steps.
    """

    source: Literal["file", "taught"]
    generator_file: str
    generator_sha256: str
    generator_prefix: str
    generator_average: str
    discriminator_file: str
    discriminator_sha256: str
    discriminator_prefix: str
    layout: Literal["nvlabs", "rosinality"]
    size_px: int = Field(ge=8)
    channel_base: int = Field(gt=0)
    channel_limit: int = Field(gt=0)
    latent: int = Field(gt=0)
    mapping_layers: int = Field(gt=0)
    mapping_rate: float = Field(gt=0)
    deviation_group: int = Field(gt=0)
    batch: int = Field(gt=0)
    flip: bool
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    penalty_gamma: float = Field(ge=0)
    penalty_every: int = Field(gt=0)
    style_mixing: float = Field(ge=0, le=1)
    latent_average_keep: float = Field(ge=0, lt=1)
    noise: Literal["random", "none"]


class StyleGAN:
    """The adversarial pair with R1 and style mixing, without path-length regularisation.

    Source: supp §4.2 through StyleGAN2 (code; gap G27).
    """

    average: tuple[str, ...] = ("generator",)

    def __init__(self, block: Block, world: World, seed: int):
        self.block, self.world = block, world
        size, base, limit = block.size_px, block.channel_base, block.channel_limit
        rate = block.mapping_rate
        with initialised(seed, "generator"):
            generator = Generator(
                size, base, limit, block.latent, mapping_layers=block.mapping_layers, mapping_rate=rate
            )
        with initialised(seed, "discriminator"):
            discriminator = Discriminator(3, size, base, limit, block.deviation_group)
        for name, parameter in generator.named_parameters():
            if name.endswith(".strength"):
                parameter.requires_grad_(block.noise != "none")
        self.nets: dict[str, nn.Module] = {"generator": generator, "discriminator": discriminator}
        self.frozen: dict = {}
        self.memory = {"latent_average": torch.zeros(block.latent)}
        self.descents = {"D": self.adam("discriminator", block.penalty_every), "G": self.adam("generator", None)}

    @property
    def generator(self) -> Generator:
        """With its type, which `nets` does not keep."""
        return cast(Generator, self.nets["generator"])

    @property
    def discriminator(self) -> Discriminator:
        """As `generator`."""
        return cast(Discriminator, self.nets["discriminator"])

    def adam(self, net: str, lazy_every: int | None) -> Descent:
        """Adam as in StyleGAN2."""
        block = self.block
        return Descent("adam", (net,), block.learning_rate, block.betas, block.epsilon, lazy_every=lazy_every)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("discriminator",)), Phase("G", "G", ("generator",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """Logistic pair; R1 on the reals every `penalty_every` steps, times that number."""
        real = batch["image"]
        if phase.name == "G":
            return {"G/adversarial": logistic_generator(self.judge(self.imagine("G", real, chance), "G/order", chance))}
        with torch.no_grad():
            fake = self.imagine("D", real, chance)
        on_fake, on_real = self.judge(torch.cat([fake, real]), "D/order", chance, parts=2).chunk(2)
        terms = {"D/adversarial": logistic_discriminator(on_real, on_fake)}
        if step % self.block.penalty_every == 0 and self.block.penalty_gamma > 0:
            penalty = r1(lambda x: self.judge(x, "D/order_penalty", chance), real, self.block.penalty_gamma)
            terms["D/r1"] = penalty * self.block.penalty_every
        return terms

    def judge(self, images: Tensor, name: str, chance: Chance, parts: int = 1) -> Tensor:
        """Logits of `parts` batches stacked, deviation groups over each whole global batch."""
        order = chance.permutation(name, len(images) // parts * self.world.size).to(images.device)
        own = slice(self.world.rank, None, self.world.size)
        gather = self.world.gather if self.world.size > 1 else None
        return self.discriminator(images, parts, order, gather, own)

    def imagine(self, name: str, real: Tensor, chance: Chance) -> Tensor:
        """As many images as there are real ones, with style mixing."""
        generator, rows = self.generator, len(real)
        mapped = generator.mapping(chance.normal(f"{name}/code", rows, self.block.latent).to(real.device))
        if name == "G":
            track(self.memory["latent_average"], mapped, self.block.latent_average_keep, self.world)
        codes = mixed(generator, mapped, self.block.style_mixing, name, chance)
        flat = None
        if self.block.noise == "random":
            flat = chance.noise(f"{name}/noise", rows, generator.noise.size, real.device)
        return generator(codes, flat)

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One image per row."""
        generator, like = self.generator, batch["image"]
        mapped = generator.mapping(chance.normal("code", len(like), self.block.latent).to(like.device))
        return {"image": self.synthesise(generator.spread(mapped))}

    def synthesise(self, codes: Tensor) -> Tensor:
        """Images of W+ codes with the fixed noise planes: [B styles latent] -> [B 3 R R]."""
        generator = self.generator
        return generator(codes, generator.planes if self.block.noise == "random" else None).float()


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[StyleGAN, PackedSource]:
    """The method and the training split of the packed faces. Raises: ValueError if they have another side."""
    packed = Packed.open(inputs["data"])
    if packed.card["size_px"] != block.size_px:
        found = packed.card["size_px"]
        raise ValueError(f"{inputs['data']}: expected images of {block.size_px} px (key size_px), came {found}")
    source = PackedSource(packed, packed.positions("train"), block.batch, seed, block.flip, world)
    return StyleGAN(block, world, seed), source


def for_sampling(block: Block, world: World) -> StyleGAN:
    """The method without data; weights are loaded afterwards."""
    return StyleGAN(block, world, 0)
