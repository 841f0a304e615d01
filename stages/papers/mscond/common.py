"""Keys that trainings share. No torch here."""

from typing import Literal

from pydantic import Field

from stages.engine.plan import CompiledBlock, Descent


class CommonBlock(CompiledBlock):
    """Keys of all four trainings: StyleGAN2's generator, and how it is moved.

    `latent` is the width of normal codes, `style` that of mapped ones; `noise` random: a plane a layer drawn for each
    image, none: no layer has any. `flip` mirrors training pictures.
    Units: size_px in pixels; channels at side R are min(channel_limit, channel_base // R); learning_rate per step.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    enabled: bool
    size_px: int = Field(ge=8)
    channel_base: int = Field(gt=0)
    channel_limit: int = Field(gt=0)
    latent: int = Field(gt=0)
    style: int = Field(gt=0)
    mapping_layers: int = Field(gt=0)
    mapping_rate: float = Field(gt=0)
    noise: Literal["random", "none"]
    batch: int = Field(gt=0)
    flip: bool
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    style_mixing: float = Field(ge=0, le=1)
    latent_average_keep: float = Field(ge=0, lt=1)


class PairBlock(CommonBlock):
    """Keys of StyleGAN2's own pair with its two penalties, which InsGen has too.

    Units: penalty_every and path_every in steps; path_shrink: the batch over that of the path length's images.
    """

    deviation_group: int = Field(gt=0)
    penalty_gamma: float = Field(ge=0)
    penalty_every: int = Field(gt=0)
    path_weight: float = Field(ge=0)
    path_decay: float = Field(gt=0, le=1)
    path_every: int = Field(gt=0)
    path_shrink: int = Field(gt=0)


def adam(block: CommonBlock, nets: tuple[str, ...], lazy_every: int | None) -> Descent:
    """Adam as in StyleGAN2, with the correction for a regulariser that is in one of `lazy_every` steps."""
    return Descent("adam", nets, block.learning_rate, block.betas, block.epsilon, lazy_every=lazy_every)
