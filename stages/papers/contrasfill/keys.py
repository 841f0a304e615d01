"""Keys that ContrasFill, CoModGAN and CollageGAN share, and the data that they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.plan import CompiledBlock
from stages.engine.world import World


class CommonBlock(CompiledBlock):
    """Keys of all three methods.

    Units: size_px in pixels; learning_rate per step; penalty_every in steps; truncation 1 = none.
    `fills` fresh: each phase fills the holes with codes of its own; shared: both look at one filling of the step.
    """

    size_px: int = Field(ge=16)
    batch: int = Field(gt=0)
    hole: Literal["object", "box"]
    flip: bool
    fills: Literal["fresh", "shared"]
    channel_base: int = Field(gt=0)
    channel_limit: int = Field(gt=0)
    latent: int = Field(gt=0)
    mapping_layers: int = Field(gt=0)
    mapping_rate: float = Field(gt=0)
    style_spread: float = Field(gt=0)
    kernel_mean: float = Field(ge=0, le=1)
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


def sizes(block: CommonBlock) -> dict[str, Any]:
    """How large a generator is, by the names of its arguments."""
    return {
        "size": block.size_px, "base": block.channel_base, "limit": block.channel_limit, "latent": block.latent,
        "mapping_layers": block.mapping_layers, "mapping_rate": block.mapping_rate,
    }  # fmt: skip
