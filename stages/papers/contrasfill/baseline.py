"""What CoModGAN and CollageGAN share: one generator, one discriminator, and the adversarial pair alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from stages.engine.chance import Chance, initialised
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.papers.contrasfill.adversarial import Adversary, adam, discriminator_of, fakes_of
from stages.papers.contrasfill.codes import prepared
from stages.papers.contrasfill.holes import holes
from stages.papers.contrasfill.keys import CommonBlock

OwnBlock = TypeVar("OwnBlock", bound=CommonBlock)


class Baseline(ABC, Generic[OwnBlock]):
    """A method with one code and no contrastive loss: the same data, holes and budget as ContrasFill.

    `generator_lazy_every` is the interval by which G's Adam is corrected, None for no correction.
    """

    average = ("generator",)

    def __init__(
        self,
        block: OwnBlock,
        world: World,
        seed: int,
        make_generator: Callable[[], nn.Module],
        generator_lazy_every: int | None,
    ):
        self.block, self.world = block, world
        with initialised(seed, "generator"):
            generator = make_generator()
        with initialised(seed, "discriminator"):
            discriminator = discriminator_of(block)
        self.nets = {"generator": prepared(generator, block), "discriminator": discriminator}
        self.frozen: dict = {}
        self.memory = {"latent_average": torch.zeros(block.latent)}
        self.descents = {
            "D": adam(block, ("discriminator",), block.penalty_every),
            "G": adam(block, ("generator",), generator_lazy_every),
        }
        self.adversary = Adversary(discriminator, block, world)

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("discriminator",)), Phase("G", "G", ("generator",))]

    def forward(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The step's one filling where both phases share it."""
        if self.block.fills == "fresh":
            return {}
        return {"filled": self.fill("G", batch, holes(batch["mask"], self.block.hole), chance)}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        """The adversarial pair."""
        mask = holes(batch["mask"], self.block.hole)
        fake = fakes_of(phase, shared, lambda name: self.fill(name, batch, mask, chance))
        if phase.name == "D":
            return self.adversary.discriminator_terms(fake, batch["image"], mask, chance, step)
        return self.adversary.generator_terms(fake, mask, chance)

    @abstractmethod
    def fill(self, name: str, batch: dict, mask: Tensor, chance: Chance) -> Tensor:
        """Composites of the training phase `name`: [B 3 H W]."""
