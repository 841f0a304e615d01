"""StyleGAN2's generator in training: its codes and noise, the running mean of its codes, its path length."""

from __future__ import annotations

import torch
from torch import Tensor

from stages.engine.chance import Chance, initialised
from stages.engine.world import World
from stages.losses.path_length import path_length, path_lengths
from stages.losses.precision import no_autocast
from stages.nets.stylegan.codes import mixed, track
from stages.nets.stylegan.generator import Generator
from stages.nets.stylegan.stylegan2 import Discriminator
from stages.papers.mscond.common import CommonBlock, PairBlock


def generator_of(block: CommonBlock, seed: int) -> Generator:
    """StyleGAN2's generator at its start; the strengths of its noise stay zero where it has none."""
    with initialised(seed, "mscond/generator"):
        made = Generator(
            block.size_px,
            block.channel_base,
            block.channel_limit,
            block.style,
            mapping_layers=block.mapping_layers,
            mapping_rate=block.mapping_rate,
            inputs=block.latent,
        )
    for name, parameter in made.named_parameters():
        if name.endswith(".strength"):
            parameter.requires_grad_(block.noise != "none")
    return made


def discriminator_of(block: PairBlock, seed: int, kind: type[Discriminator] = Discriminator) -> Discriminator:
    """StyleGAN2's discriminator at its start."""
    with initialised(seed, "mscond/discriminator"):
        return kind(3, block.size_px, block.channel_base, block.channel_limit, block.deviation_group)


class Maker:
    """The generator with what it remembers. `memory` is the method's own: it may be added to.

    All draws are named `<name>/…`; every phase of a step has a name of its own and so its own codes.
    Source: StyleGAN2 (code; gap G9).
    """

    def __init__(self, block: CommonBlock, world: World, seed: int) -> None:
        self.block, self.world = block, world
        self.generator = generator_of(block, seed)
        self.memory: dict[str, Tensor] = {"latent_average": torch.zeros(block.style)}
        if isinstance(block, PairBlock):
            self.memory["path_average"] = torch.zeros(())

    def code(self, name: str, rows: int, chance: Chance) -> Tensor:
        """Normal codes of this process's rows: [rows latent]."""
        return chance.normal(f"{name}/code", rows, self.block.latent).to(self.memory["latent_average"].device)

    def styles(self, normal: Tensor, name: str, chance: Chance) -> Tensor:
        """Codes of all layers, by style mixing; moves the running mean of mapped codes: [B styles style]."""
        mapped = self.generator.mapping(normal)
        track(self.memory["latent_average"], mapped, self.block.latent_average_keep, self.world)
        return mixed(self.generator, mapped, self.block.style_mixing, name, chance)

    def noise(self, name: str, rows: int, chance: Chance) -> Tensor | None:
        """The noise of all layers, a row an image, or none."""
        if self.block.noise == "none":
            return None
        planes = self.generator.noise
        return chance.noise(f"{name}/noise", rows, planes.size, planes.fixed.device)

    def synthesise(self, normal: Tensor, name: str, chance: Chance) -> Tensor:
        """Images of normal codes: [B latent] -> float32 [B 3 S S]."""
        codes = self.styles(normal, name, chance)
        return self.generator(codes, self.noise(name, len(normal), chance)).float()

    def imagine(self, name: str, rows: int, chance: Chance) -> Tensor:
        """Images of codes drawn under `name`: float32 [rows 3 S S]."""
        return self.synthesise(self.code(name, rows, chance), name, chance)

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """One image a row, with the network's own noise planes, untruncated."""
        mapped = self.generator.mapping(self.code("produce", len(batch["image"]), chance))
        flat = None if self.block.noise == "none" else self.generator.planes
        return {"image": self.generator(self.generator.spread(mapped), flat).float().clamp(-1, 1)}


def path_terms(maker: Maker, block: PairBlock, name: str, batch: int, chance: Chance) -> dict[str, Tensor]:
    """The path length penalty on a share of the batch, times its weight and cadence; moves the mean it is held at.

    Source: StyleGAN2 (code; spec 4.3).
    Raises: ValueError if this process's batch cannot be shrunk.
    """
    if batch % block.path_shrink:
        raise ValueError(f"expected a batch a process of a multiple of {block.path_shrink} (path_shrink), came {batch}")
    rows = batch // block.path_shrink
    code = maker.code(name, rows, chance)
    with no_autocast(code):
        codes = maker.styles(code, name, chance)
        images = maker.generator(codes, maker.noise(name, rows, chance))
        direction = chance.normal(f"{name}/direction", rows, *images.shape[1:]).to(images.device)
        lengths = maker.world.gather(path_lengths(images, codes, direction))
    penalty, moved = path_length(lengths, maker.memory["path_average"], block.path_decay)
    maker.memory["path_average"].copy_(moved.detach())
    return {"G/path": block.path_weight * block.path_every * penalty, "G/stat/path_length": moved.detach()}
