"""What ContrasFill, CoModGAN and CollageGAN share: keys, data, holes, the adversarial pair, noise and averages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Tensor, nn

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance
from stages.engine.plan import Descent, Phase, TrainBlock
from stages.engine.world import World
from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.penalty import r1
from stages.nets.stylegan.noise import NoisePlanes
from stages.nets.stylegan.stylegan2 import Discriminator, beside_mask


class CommonBlock(TrainBlock):
    """Keys of all three methods.

    Units: size_px in pixels; learning_rate per step; penalty_every in steps; truncation 1 = none.
    """

    size_px: int = Field(ge=16)
    batch: int = Field(gt=0)
    hole: Literal["object", "box"]
    flip: bool
    channel_base: int = Field(gt=0)
    channel_limit: int = Field(gt=0)
    latent: int = Field(gt=0)
    mapping_layers: int = Field(gt=0)
    mapping_rate: float = Field(gt=0)
    style_spread: float = Field(gt=0)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    penalty_gamma: float = Field(ge=0)
    penalty_every: int = Field(gt=0)
    deviation_group: int = Field(gt=0)
    noise: Literal["random", "const", "none"]
    noise_evaluation: Literal["random", "const", "none"]
    latent_average_keep: float = Field(ge=0, lt=1)
    truncation: float = Field(ge=0)


def training_source(block: CommonBlock, inputs: dict[str, Path], seed: int, world: World) -> PackedSource:
    """The training split of the packed data.

    Raises: ValueError if the data have another side than the networks.
    """
    packed = Packed.open(inputs["data"])
    if packed.card["size_px"] != block.size_px:
        found = packed.card["size_px"]
        raise ValueError(f"{inputs['data']}: expected images of {block.size_px} px (key size_px), came {found}")
    return PackedSource(packed, packed.positions("train"), block.batch, seed, block.flip, world)


def holes(mask: Tensor, kind: str) -> Tensor:
    """The hole of an object mask: the mask itself, or its tight box (limits included).

    Source: main §4 (box), supp §5 (object mask); a box is its own box.
    Shapes: [B 1 H W] in {0, 1} -> the same.
    """
    if kind == "object":
        return mask
    sides = []
    for axis in (2, 3):
        occupied = mask.amax(5 - axis, keepdim=True)
        sides.append(occupied.cummax(axis).values * occupied.flip(axis).cummax(axis).values.flip(axis))
    return sides[0] * sides[1]


def composite(colours: Tensor, image: Tensor, mask: Tensor) -> Tensor:
    """S = colours M + I (1 - M) for a binary mask, exact to the bit on both sides.

    Source: supp §3 (S); spec §4.4.
    Shapes: [B 3 H W], [B 3 H W], [B 1 H W] -> [B 3 H W].
    """
    return torch.where(mask > 0.5, colours.to(image.dtype), image)


def noise_rows(planes: NoisePlanes, kind: str, name: str, rows: int, chance: Chance) -> Tensor | None:
    """The noise of all layers at once: drawn for each sample (one draw), the network's fixed planes, or none."""
    if kind == "random":
        return chance.normal(name, rows, planes.size).to(planes.fixed.device)
    return planes.fixed if kind == "const" else None


def prepared(generator: nn.Module, block: CommonBlock) -> nn.Module:
    """The generator at its start: affine layers scaled by style_spread; strengths stay zero where there is no noise."""
    with torch.no_grad():
        for affine in generator.bank.affine:
            affine.weight.mul_(block.style_spread)
    for name, parameter in generator.named_parameters():
        if name.endswith(".strength"):
            parameter.requires_grad_(block.noise != "none")
    return generator


def sizes(block: CommonBlock) -> dict[str, Any]:
    """How large a generator is, by the names of its arguments."""
    return {
        "size": block.size_px, "base": block.channel_base, "limit": block.channel_limit, "latent": block.latent,
        "mapping_layers": block.mapping_layers, "mapping_rate": block.mapping_rate,
    }  # fmt: skip


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


@dataclass(frozen=True)
class Adversary:
    """The adversarial pair against a discriminator that sees the hole mask."""

    net: Discriminator
    block: CommonBlock
    world: World

    def judge(self, images: Tensor, mask: Tensor, name: str, chance: Chance, parts: int = 1) -> Tensor:
        """Logits of `parts` batches stacked; deviation groups are shuffled over each whole global batch (spec §4.5)."""
        total = len(images) // parts * self.world.size
        order = chance.permutation(name, total).to(images.device)
        own = slice(self.world.rank, None, self.world.size)
        gather = self.world.gather if self.world.size > 1 else None
        return self.net(beside_mask(images, mask), parts, order, gather, own)

    def discriminator_terms(
        self, fake: Tensor, real: Tensor, mask: Tensor, chance: Chance, step: int
    ) -> dict[str, Tensor]:
        """Logistic loss on (S, M) and (I, M); R1 on the reals every `penalty_every` steps, times that number."""
        both = torch.cat([fake, real]), torch.cat([mask, mask])
        on_fake, on_real = self.judge(*both, "D/order", chance, parts=2).chunk(2)
        terms = {
            "D/adversarial": logistic_discriminator(on_real, on_fake),
            "D/stat/sign_real": on_real.detach().sign().mean(),
            "D/stat/sign_fake": on_fake.detach().sign().mean(),
        }
        if step % self.block.penalty_every == 0 and self.block.penalty_gamma > 0:
            penalty = r1(lambda x: self.judge(x, mask, "D/order_penalty", chance), real, self.block.penalty_gamma)
            terms["D/r1"] = penalty * self.block.penalty_every
        return terms

    def generator_terms(self, fake: Tensor, mask: Tensor, chance: Chance) -> dict[str, Tensor]:
        """Logistic loss of the generator on (S, M)."""
        return {"G/adversarial": logistic_generator(self.judge(fake, mask, "G/order", chance))}


def adversarial_terms(
    adversary: Adversary,
    phase: Phase,
    batch: dict,
    mask: Tensor,
    generate: Callable[[], Tensor],
    chance: Chance,
    step: int,
) -> dict[str, Tensor]:
    """The terms of a method that has no others: `generate` makes the composites of this phase."""
    if phase.name == "D":
        with torch.no_grad():
            fake = generate()
        return adversary.discriminator_terms(fake, batch["image"], mask, chance, step)
    return adversary.generator_terms(generate(), mask, chance)


def discriminator_of(block: CommonBlock) -> Discriminator:
    """The discriminator that all three methods train against."""
    return Discriminator(4, block.size_px, block.channel_base, block.channel_limit, block.deviation_group)


def adam(block: CommonBlock, nets: tuple[str, ...], lazy_every: int | None) -> Descent:
    """Adam as in StyleGAN2, with its correction for a regulariser that is in one of `lazy_every` steps."""
    return Descent(
        kind="adam",
        nets=nets,
        learning_rate=block.learning_rate,
        betas=block.betas,
        eps=block.epsilon,
        lazy_every=lazy_every,
    )
