"""ProjectedGAN: StyleGAN2's generator against separable discriminators, which see pictures through a frozen network."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Descent, Phase
from stages.engine.world import World
from stages.losses.adversarial import hinge_discriminator, hinge_generator
from stages.nets.encoders.load import Encoder, load_encoder
from stages.papers.mscond.common import adam
from stages.papers.mscond.feeding import source_of
from stages.papers.mscond.methods.projectedgan.block import Block
from stages.papers.mscond.methods.projectedgan.diffaug import DRAWS, augment
from stages.papers.mscond.methods.projectedgan.nets import Discriminators, Mixing
from stages.papers.mscond.pair import Maker


class ProjectedGAN:
    """Hinge losses over the logits of four discriminators on mixed maps; no penalty. Updates: G, then D.

    The mixing is random and rests: it comes from the seed, like the start of what learns. Without `features`, to
    sample, there is the generator alone.

    Source: Sauer et al. 2021; ProjectedGAN (code), in its form with StyleGAN2's generator (settled 14; gap G15, G22).
    """

    average: tuple[str, ...] = ("generator",)

    def __init__(self, block: Block, world: World, seed: int, features: Encoder | None):
        self.block, self.world = block, world
        self.maker = Maker(block, world, seed)
        self.nets: dict[str, nn.Module] = {"generator": self.maker.generator}
        self.memory = self.maker.memory
        self.frozen: dict[str, nn.Module] = {}
        self.descents: dict[str, Descent] = {"G": adam(block, ("generator",), None)}
        if features is None:
            return
        channels, sides = maps_of(features.to(world.device), block.size_px, world)
        with initialised(seed, "mscond/mixing"):
            mixing = Mixing(channels, block.projection_width)
        with initialised(seed, "mscond/discriminator"):
            judges = Discriminators(mixing.channels, [2 * side for side in sides], block.projection_width)
        self.frozen |= {"features": features, "mixing": mixing}
        self.nets["discriminator"] = judges
        self.descents["D"] = adam(block, ("discriminator",), block.judge_lazy_every)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("Gmain", "G", ("generator",)), Phase("Dmain", "D", ("discriminator",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """Fakes are seen before photos, in a pass of their own: batch norm has the statistics of each."""
        real, name = batch["image"], phase.name
        if name == "Gmain":
            fake = self.maker.imagine(name, len(real), chance)
            return {"Gmain/adversarial": hinge_generator(self.judge(fake, f"{name}/augment_fake", chance))}
        with torch.no_grad():
            fake = self.maker.imagine(name, len(real), chance)
        on_fake = self.judge(fake, f"{name}/augment_fake", chance)
        on_real = self.judge(real, f"{name}/augment_real", chance)
        return {
            "Dmain/adversarial": hinge_discriminator(on_real, on_fake),
            "Dmain/stat/real": on_real.detach().float().mean(),
            "Dmain/stat/fake": on_fake.detach().float().mean(),
        }

    def judge(self, images: Tensor, name: str, chance: Chance) -> Tensor:
        """Logits of augmented pictures, through the frozen network and its mixing: [B 3 S S] -> [B n]."""
        changed = augment(images, chance.uniform(name, len(images), DRAWS), self.block)
        maps = cast(Encoder, self.frozen["features"]).feature_maps(changed)
        return self.nets["discriminator"](self.frozen["mixing"](maps))

    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        return self.maker.produce(batch, chance)


@torch.no_grad()
def maps_of(features: Encoder, size_px: int, world: World) -> tuple[list[int], list[int]]:
    """Channels and sides of the maps that a network gives of pictures of this side.

    Raises: ValueError unless there are four, each half as wide as the one before.
    """
    maps = features.feature_maps(torch.zeros(1, 3, size_px, size_px, device=world.device))
    sides = [one.shape[-1] for one in maps]
    if len(maps) != 4 or any(a != 2 * b for a, b in pairwise(sides)):
        raise ValueError(
            f"input projector: expected a network of four maps, each half as wide as the one before, came {sides} from "
            f"{features.name}; take efficientnet_lite0 or demo_classifier at a view of a power of two"
        )
    return [one.shape[1] for one in maps], sides


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[ProjectedGAN, Source]:
    """The method and the set's photos. Inputs: data, projector.

    Raises: ValueError if the photos have another side than the method, or the projector other maps than it needs.
    """
    features = load_encoder(inputs["projector"])
    return ProjectedGAN(block, world, seed, features), source_of(block, inputs["data"], seed, world)


def for_sampling(block: Block, world: World) -> ProjectedGAN:
    """The generator; weights are loaded afterwards."""
    return ProjectedGAN(block, world, 0, None)
