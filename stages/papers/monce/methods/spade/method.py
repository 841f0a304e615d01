"""Paired translation: SPADE, whose pictures are held to the real ones by a loss between layers of VGG-19."""

from pathlib import Path

import torch
from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.adversarial import hinge_discriminator, hinge_generator
from stages.losses.matching import contextual, feature_matching, perceptual
from stages.nets.patch_head import rows_at
from stages.nets.patchgan import MultiscalePatchGAN
from stages.nets.spade_generator import SpadeGenerator
from stages.papers.monce.common import adam, falls_from_half
from stages.papers.monce.conditions import condition_of, paired_source
from stages.papers.monce.contrasting import contrast, draw_positions, embedded, head_for, said_of
from stages.papers.monce.features import features_of
from stages.papers.monce.methods.spade.block import Block

Maps = list[list[Tensor]]


class Paired:
    """L_G = hinge GAN + lambda_FM feature matching + lambda_C sum_l w_l C_l(VGG(G(s)), VGG(x)).

    C is the absolute difference (Perceptual), the contextual loss, or a contrast of patches (PatchNCE, WeightNCE,
    MoNCE), the last two kinds at drawn places of each map.

    Source: supp §2 (SPADE's settings, only the perceptual loss replaced); code (SPADE), spec §3.6, §3.7, §4.9.
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, training: bool):
        self.block, self.world = block, world
        with initialised(seed, "monce/generator"):
            generator = SpadeGenerator(block.channels, block.width, block.hidden, block.doublings, block.init_gain)
        self.nets: dict = {"generator": generator}
        self.frozen: dict = {}
        self.memory: dict = {}
        self.descents: dict = {}
        if training:
            with initialised(seed, "monce/discriminator"):
                shape = (block.channels + 3, block.judge_width, block.judge_levels, block.judges)
                self.nets["discriminator"] = MultiscalePatchGAN(*shape, block.init_gain)

    @property
    def learns(self) -> tuple[str, ...]:
        """What is moved with the generator."""
        return ("generator", "head") if "head" in self.nets else ("generator",)

    def look_through(self, folder: Path, seed: int) -> None:
        """Takes the frozen VGG-19, and makes the head of a contrastive loss and the optimisers."""
        block = self.block
        features = features_of(folder, block.layers, normalise=block.normalise == "imagenet")
        self.frozen["features"] = features
        if block.comparison == "contrast":
            with initialised(seed, "monce/head"):
                self.nets["head"] = head_for(features.widths(), block, block.init_gain)
        factor = falls_from_half(block.iterations, block.epochs)
        self.descents = {
            "G": adam(block, self.learns, block.generator_rate, factor),
            "D": adam(block, ("discriminator",), block.judge_rate, factor),
        }

    def phases(self, step: int) -> list[Phase]:
        return [Phase("G", "G", self.learns), Phase("D", "D", ("discriminator",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        condition = condition_of(batch, self.block)
        if phase.name == "D":
            with torch.no_grad():
                fake = self.nets["generator"](condition)
            on_fake, on_real = self.judged(condition, fake, batch["image"])
            pairs = list(zip(on_fake, on_real, strict=True))
            terms = [hinge_discriminator(real[-1], made[-1]) for made, real in pairs]
            return {"D/adversarial": torch.stack(terms).mean()}
        fake = self.nets["generator"](condition)
        on_fake, on_real = self.judged(condition, fake, batch["image"])
        terms = {
            "G/adversarial": torch.stack([hinge_generator(scale[-1]) for scale in on_fake]).mean(),
            "G/matching": self.block.weight_matching * feature_matching(on_fake, on_real),
        }
        return terms | self.compared(fake, batch["image"], chance, step)

    def judged(self, condition: Tensor, fake: Tensor, real: Tensor) -> tuple[Maps, Maps]:
        """All maps of the discriminators, which see fakes and reals in one batch."""
        both = torch.cat([torch.cat([condition, condition]), torch.cat([fake, real])], 1)
        scales = self.nets["discriminator"](both)
        rows = len(fake)
        return (
            [[one[:rows] for one in scale] for scale in scales],
            [[one[rows:] for one in scale] for scale in scales],
        )

    def compared(self, fake: Tensor, real: Tensor, chance: Chance, step: int) -> dict[str, Tensor]:
        """lambda_C sum_l w_l C_l, and what is said of a contrast."""
        block, features = self.block, self.frozen["features"]
        made = features(fake)
        with torch.no_grad():
            held = features(real)
        if block.comparison == "perceptual":
            return {"G/comparison": block.weight_comparison * perceptual(made, held, block.layer_weights)}
        positions = draw_positions(held, block.positions, chance, "positions")
        layers, said = list(zip(made, held, strict=True)), {}
        if block.comparison == "contextual":
            losses = [contextual(rows_at(one, at), rows_at(two, at)).mean()
                      for (one, two), at in zip(layers, positions, strict=True)]  # fmt: skip
        else:
            pairs = embedded(self.nets["head"], layers, positions)
            losses = contrast(pairs, block)
            said = said_of(pairs, block) if (step + 1) % block.tick_every == 0 else {}
        weighted = [weight * loss for weight, loss in zip(block.layer_weights, losses, strict=True)]
        terms = {"G/comparison": block.weight_comparison * torch.stack(weighted).sum()}
        return terms | {f"G/stat/{name}": value for name, value in said.items()}

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The picture of every condition."""
        return {"image": self.nets["generator"](condition_of(batch, self.block))}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Paired, Source]:
    """The method and its pairs. Inputs: data, features (VGG-19).

    Raises: ValueError if the data have another side or other classes than the method, or the features are of no VGG.
    """
    method = Paired(block, world, seed, training=True)
    method.look_through(inputs["features"], seed)
    return method, paired_source(block, Packed.open(inputs["data"]), seed, world)


def for_sampling(block: Block, world: World) -> Paired:
    """The generator alone; weights are loaded afterwards."""
    return Paired(block, world, 0, training=False)
