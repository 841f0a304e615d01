"""Unpaired translation whose content is held by contrast of patches between source and translation.

One generator G with its encoder part E, one discriminator, one head F on the features of five layers.
"""

from pathlib import Path

import torch
from torch import Tensor

from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.losses.adversarial import least_squares_discriminator, least_squares_generator
from stages.nets.resnet_generator import ResnetGenerator
from stages.papers.monce.common import adam, falls_after_half
from stages.papers.monce.contrasting import contrast, draw_positions, embedded, head_for, said_of
from stages.papers.monce.methods.contrast.block import Block
from stages.papers.monce.unpaired_nets import discriminator_of, generator_of, unpaired_source


class Contrast:
    """L_G = lambda_GAN (D(G(a)) - 1)^2 + lambda_NCE / 2 (NCE(G(a), a) + NCE(G(b), b)).

    Keys are the features that the one pass over a and b leaves at the chosen layers, without a graph; queries are those
    of a further pass over the output, as far as the last layer.

    Source: supp §2; code (CUT: identity term, order of updates).
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int, training: bool):
        self.block, self.world = block, world
        self.generator: ResnetGenerator = generator_of(block, seed, "generator")
        self.nets: dict = {"generator": self.generator}
        self.frozen: dict = {}
        self.memory: dict = {}
        self.descents: dict = {}
        if training:
            with initialised(seed, "monce/head"):
                self.nets["head"] = head_for(self.generator.channels(block.layers), block, block.init_gain)
            self.nets["discriminator"] = discriminator_of(block, seed, "discriminator")
            factor = falls_after_half(block.iterations, block.epochs)
            self.descents = {
                "D": adam(block, ("discriminator",), block.learning_rate, factor),
                "G": adam(block, ("generator", "head"), block.learning_rate, factor),
            }

    def phases(self, step: int) -> list[Phase]:
        return [Phase("D", "D", ("discriminator",)), Phase("G", "G", ("generator", "head"))]

    def forward(self, batch: dict, chance: Chance) -> dict:
        """G on sources and, for the identity term, on targets in one pass, with what it leaves at the layers."""
        source, target = batch["source"], batch["target"]
        seen = torch.cat([source, target]) if self.block.identity else source
        made, taps = self.generator(seen, self.block.layers)
        return {"made": made, "keys": [tap.detach() for tap in taps], "rows": len(source)}

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        judge, block, rows = self.nets["discriminator"], self.block, shared["rows"]
        fake = shared["made"][:rows]
        if phase.name == "D":
            on_real, on_fake = judge(batch["target"]), judge(fake.detach())
            return {
                "D/adversarial": least_squares_discriminator(on_real, on_fake),
                "D/stat/real": on_real.detach().mean(),
                "D/stat/fake": on_fake.detach().mean(),
            }
        terms = {"G/adversarial": block.weight_adversarial * least_squares_generator(judge(fake))}
        queries = self.generator.encode(shared["made"], block.layers)
        parts = {"content": slice(0, rows)} | ({"identity": slice(rows, None)} if block.identity else {})
        for name, part in parts.items():
            held = [(query[part], key[part]) for query, key in zip(queries, shared["keys"], strict=True)]
            positions = draw_positions([key for _, key in held], block.positions, chance, f"positions/{name}")
            pairs = embedded(self.nets["head"], held, positions)
            value = torch.stack(contrast(pairs, block)).mean()
            terms[f"G/{name}"] = block.weight_contrast / len(parts) * value
            if (step + 1) % block.tick_every == 0:
                terms |= {f"G/stat/{name}_{key}": one for key, one in said_of(pairs, block).items()}
        return terms

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """The translation of every source."""
        return {"image": self.generator(batch["source"])[0]}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Contrast, Source]:
    """The method and the two sets behind one source. Inputs: data.

    Raises: ValueError if the data have another side than the method.
    """
    return Contrast(block, world, seed, training=True), unpaired_source(block, inputs["data"], seed, world)


def for_sampling(block: Block, world: World) -> Contrast:
    """The generator alone; weights are loaded afterwards."""
    return Contrast(block, world, 0, training=False)
