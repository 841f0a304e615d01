"""Unpaired translation whose content is held by translating back: CycleLoss."""

from pathlib import Path

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.adversarial import least_squares_discriminator, least_squares_generator
from stages.losses.matching import absolute
from stages.papers.monce.common import adam, falls_after_half
from stages.papers.monce.methods.cycle.block import Block
from stages.papers.monce.pool import empty_pool, exchanged
from stages.papers.monce.unpaired_nets import discriminator_of, generator_of, unpaired_source

SIDES = ("source", "target")


class Cycle:
    """L_G = GAN(G(a)) + GAN(B(b)) + lambda (|B(G(a)) - a| + |G(B(b)) - b|) + mu (|G(b) - b| + |B(a) - a|).

    G goes from source to target, B back; each domain has a discriminator, which sees fakes from a pool.

    Source: supp §2 (one more generator and discriminator); code (CycleGAN), spec §4.7.
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, training: bool):
        self.block, self.world = block, world
        self.nets: dict = {"generator": generator_of(block, seed, "generator")}
        self.frozen: dict = {}
        self.memory = {f"pool_{side}": empty_pool(block.pool, block.size_px) for side in SIDES}
        self.descents: dict = {}
        if training:
            self.nets["back"] = generator_of(block, seed, "back")
            factor = falls_after_half(block.iterations, block.epochs)
            for side in SIDES:
                self.nets[f"judge_{side}"] = discriminator_of(block, seed, f"judge_{side}")
            self.descents = {
                "G": adam(block, ("generator", "back"), block.learning_rate, factor),
                "D": adam(block, ("judge_source", "judge_target"), block.learning_rate, factor),
            }

    def phases(self, step: int) -> list[Phase]:
        return [Phase("G", "G", ("generator", "back")), Phase("D", "D", ("judge_source", "judge_target"))]

    def forward(self, batch: dict, chance: Chance) -> dict:
        """Both translations, and from each back to where it came from."""
        there, back = self.nets["generator"], self.nets["back"]
        fake = {"target": there(batch["source"])[0], "source": back(batch["target"])[0]}
        again = {"source": back(fake["target"])[0], "target": there(fake["source"])[0]}
        return {"fake": fake, "again": again}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        block, fake = self.block, shared["fake"]
        terms: dict[str, Tensor] = {}
        if phase.name == "D":
            for side in SIDES:
                judge = self.nets[f"judge_{side}"]
                seen = exchanged(self.memory[f"pool_{side}"], fake[side], step, chance, f"D/pool_{side}", self.world)
                terms[f"D/adversarial_{side}"] = least_squares_discriminator(judge(batch[side]), judge(seen))
            return terms
        makers = {"target": self.nets["generator"], "source": self.nets["back"]}
        for side, maker in makers.items():
            judged = self.nets[f"judge_{side}"](fake[side])
            terms[f"G/adversarial_{side}"] = block.weight_adversarial * least_squares_generator(judged)
            terms[f"G/cycle_{side}"] = block.weight_cycle * absolute(shared["again"][side], batch[side])
            if block.weight_identity:
                same = maker(batch[side])[0]
                terms[f"G/identity_{side}"] = block.weight_identity * absolute(same, batch[side])
        return terms

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The translation of every source."""
        return {"image": self.nets["generator"](batch["source"])[0]}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Cycle, Source]:
    """The method and the two sets behind one source. Inputs: data.

    Raises: ValueError if the data have another side than the method.
    """
    return Cycle(block, world, seed, training=True), unpaired_source(block, inputs["data"], seed, world)


def for_sampling(block: Block, world: World) -> Cycle:
    """The generator from source to target alone; weights are loaded afterwards."""
    return Cycle(block, world, 0, training=False)
