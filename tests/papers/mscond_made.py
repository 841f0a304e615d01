"""What tests of MsConD's own method train on: blocks from the parameters, and a tiny pack of speckled photos."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.data.prepared.packed import Index, Row, write_packed
from stages.engine.world import World
from stages.papers.mscond.methods.gan.block import Block
from stages.papers.mscond.methods.gan.method import GAN
from tests.contract.prepared import block_of

MODULE = "stages.papers.mscond.methods.gan.method"
GROUPS = ("common", "pair", "gan")
SIDE, TRAIN, HELD_OUT = 32, 12, 4
# Small enough to be quick, wide enough to have all heads.
TINY: dict[str, Any] = {
    "channel_base": 128, "channel_limit": 4, "latent": 4, "style": 5, "embedding": 4, "projection_hidden": 6,
    "queue": 6, "keys_kept": 24,
}  # fmt: skip
WORLD = World.single()


def layers_of(run: str = "s1_16_on", profile: str = "smoke", data: str = "city_scenes") -> tuple[str, ...]:
    """The layers of a training, in the graph's order; rooms have none of their own."""
    between = [f"mscond.gan.data.{data}"] if data == "city_scenes" else []
    bases, profiles = ([f"mscond.{group}.{kind}" for group in GROUPS] for kind in ("base", f"profile.{profile}"))
    return (*bases, *between, f"mscond.gan.variant.{run}", *profiles)


def gan_block(run: str = "s1_16_on", profile: str = "smoke", **changes: Any) -> Block:
    """The block of a training, tiny, with some keys replaced."""
    keys = block_of(MODULE, *layers_of(run, profile)).model_dump()
    return Block.model_validate(keys | TINY | changes, strict=False)


def paper_block(run: str, **changes: Any) -> Block:
    """The block of a training as the paper has it."""
    keys = block_of(MODULE, *layers_of(run, "paper")).model_dump()
    return Block.model_validate(keys | changes, strict=False)


def gan_of(run: str = "s1_16_on", seed: int = 0, **changes: Any) -> GAN:
    """The method, in training."""
    return GAN(gan_block(run, **changes), WORLD, seed)


def pack(folder: Path, side: int = SIDE) -> Path:
    """Blurred speckle: twelve photos to train on, four held out."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    splits = ["train"] * TRAIN + ["held_out"] * HELD_OUT

    def rows():
        for number in range(TRAIN + HELD_OUT):
            coarse = draw.integers(0, 256, (8, 8, 3)).astype(np.uint8)
            yield Row(
                f"{number:03d}", coarse.repeat(side // 8, 0).repeat(side // 8, 1), None, f"{number:03d}.png", "0" * 64
            )

    write_packed(folder, "city_scenes", side, False, rows(), lambda keys: Index(splits, ("held_out",)))
    return folder


def photos(count: int = 4, seed: int = 0) -> torch.Tensor:
    """[count 3 32 32] in [-1, 1]."""
    return torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 2 - 1
