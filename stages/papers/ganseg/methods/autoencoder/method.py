"""The auto-encoder substitutes: the same lower levels, taught by reconstruction alone."""

from pathlib import Path

import torch
from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import Chance, initialised
from stages.engine.method import Source
from stages.engine.plan import Phase
from stages.engine.world import World
from stages.papers.ganseg.common import adam
from stages.papers.ganseg.methods.autoencoder.block import Block
from stages.papers.ganseg.methods.autoencoder.nets import AutoEncoder


class Substitute:
    """Mean squared error between an image and its reconstruction; no concentration, no area, no discriminator.

    Source: supp §F.1; optimiser and steps: gap G20.
    """

    average = ()

    def __init__(self, block: Block, world: World, seed: int):
        self.block, self.world = block, world
        with initialised(seed, f"ganseg/autoencoder/{block.kind}"):
            self.net = AutoEncoder(block)
        self.nets: dict = {"autoencoder": self.net}
        self.frozen: dict = {}
        self.memory: dict = {}
        self.descents = {"autoencoder": adam("autoencoder", block.learning_rate, block.betas, block.epsilon)}

    def phases(self, step: int) -> list[Phase]:
        return [Phase("A", "autoencoder", ("autoencoder",))]

    def losses(self, phase: Phase, batch: dict, shared: dict, chance: Chance, step: int) -> dict[str, Tensor]:
        image, mask, _, _ = self.net(batch["image"])
        error = (image.float() - batch["image"].float()).square().mean()
        return {"A/reconstruction": error, "stat/foreground": 1 - mask[:, -1].detach().float().mean()}

    @torch.no_grad()
    def produce(self, batch: dict, chance: Chance) -> dict[str, Tensor]:
        """Reconstruction, masks (background last), part positions, and the points where the kind has them."""
        image, mask, positions, points = self.net(batch["image"])
        found = {"image": image, "mask": mask, "centers": positions}
        return found if points is None else found | {"points": points}


def for_training(block: Block, inputs: dict[str, Path], seed: int, world: World) -> tuple[Substitute, Source]:
    """The method and its images. Inputs: data.  Raises: ValueError if the data have another side than the networks."""
    packed = Packed.open(inputs["data"])
    if packed.card["size_px"] != block.size_px:
        found = packed.card["size_px"]
        raise ValueError(f"{inputs['data']}: expected images of {block.size_px} px (key size_px), came {found}")
    source = PackedSource(packed, packed.positions("train"), block.batch, seed, block.flip, world)
    return Substitute(block, world, seed), source


def for_sampling(block: Block, world: World) -> Substitute:
    """The method without data; weights are loaded afterwards."""
    return Substitute(block, world, 0)
