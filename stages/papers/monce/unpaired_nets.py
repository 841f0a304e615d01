"""The networks and the source of all unpaired methods."""

from pathlib import Path

import torch

from stages.data.prepared.packed import Packed
from stages.data.prepared.two import TwoSource
from stages.data.prepared.windows import WindowSource
from stages.engine.chance import initialised
from stages.engine.method import Source
from stages.engine.world import World
from stages.nets.patchgan import BlurredPatchGAN
from stages.nets.resnet_generator import ResnetGenerator
from stages.papers.monce.common import UnpairedBlock


def generator_of(block: UnpairedBlock, seed: int, name: str) -> ResnetGenerator:
    """CUT's generator with its own first weights.  Source: supp §2; code (CUT), spec §3.1."""
    with initialised(seed, f"monce/{name}"):
        return ResnetGenerator(block.width, block.blocks, block.init_gain, block.layer0)


def discriminator_of(block: UnpairedBlock, seed: int, name: str) -> BlurredPatchGAN:
    """CUT's discriminator with its own first weights.  Source: supp §2; code (CUT), spec §3.2."""
    with initialised(seed, f"monce/{name}"):
        return BlurredPatchGAN(block.judge_width, block.judge_levels, block.init_gain)


def unpaired_source(block: UnpairedBlock, data: Path, seed: int, world: World) -> Source:
    """Batches of windows until half of the steps and of whole pictures afterwards: source and target.

    Source: code (CUT's loader), spec §5.
    Raises: ValueError if the data have another side than the method.
    """
    packed = Packed.open(data)
    if packed.card["size_px"] != block.size_px:
        raise ValueError(
            f"{data}: expected pictures of {block.size_px} px (key size_px), came {packed.card['size_px']}"
        )
    until = block.iterations // 2
    return Directed(block.direction, *(
        WindowSource(packed, packed.positions(f"train{domain}"), block.batch, seed, world, block.flip, until, domain)
        for domain in "AB"
    ))  # fmt: skip


class Directed:
    """Both domains behind one source, named by what they are in this direction: {source, target}."""

    def __init__(self, direction: str, first: WindowSource, second: WindowSource) -> None:
        self.both = TwoSource(first, second)
        self.size = self.both.size
        self.names = ("image_a", "image_b") if direction == "a_to_b" else ("image_b", "image_a")

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch. Shapes: float32 [b 3 S S] in [-1, 1] each."""
        held = self.both.batch(step)
        return {"source": held[self.names[0]], "target": held[self.names[1]]}
