"""What a training run is told: the keys that every method's block shares, its phases and its optimisers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from stages.block import Block


class TrainBlock(Block):
    """The keys of a method's block that the engine itself reads.

    Units: ema_half_life_images in images; ema_ramp is the half-life as a share of the images seen, 0 for no ramp;
    tick_every and keep_every in steps.
    """

    iterations: int = Field(gt=0)
    ema_half_life_images: float = Field(gt=0)
    ema_ramp: float = Field(ge=0)
    precision: Literal["fp32", "bf16"]
    channels_last: bool
    tick_every: int = Field(gt=0)
    keep_every: int = Field(gt=0)


class CompiledBlock(TrainBlock):
    """The keys of a training whose nets can have what stands between their convolutions compiled (compiling.py)."""

    compile: Literal["none", "elementwise"]


@dataclass(frozen=True)
class Phase:
    """One update within a step: the nets that learn, and the optimiser that moves them."""

    name: str
    descent: str
    learns: tuple[str, ...]


@dataclass(frozen=True)
class Descent:
    """One optimiser. None and an empty mapping mean that the feature is not there.

    `lazy_every` = k corrects rate and betas for a regulariser that is in one of every k steps; `schedule` gives a
    factor on the learning rate by step (0 first); `scale` gives a factor by parameter-name prefix ("net.module").
    """

    kind: Literal["adam", "adamw", "sgd"]
    nets: tuple[str, ...]
    learning_rate: float
    betas: tuple[float, float] | None = None
    eps: float | None = None
    weight_decay: float | None = None
    momentum: float | None = None
    lazy_every: int | None = None
    clip_norm: float | None = None
    schedule: Callable[[int], float] | None = None
    scale: Mapping[str, float] = field(default_factory=dict)
