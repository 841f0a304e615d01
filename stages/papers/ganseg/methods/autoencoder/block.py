"""The keys of the auto-encoder substitutes."""

from typing import Literal

from pydantic import Field

from stages.engine.plan import TrainBlock
from stages.papers.ganseg.common import GeneratorBlock


class Block(GeneratorBlock, TrainBlock):
    """Keys of both kinds: `points` (a U-Net finds the points) and `masks` (DeepLabV3 finds the masks)."""

    enabled: bool
    kind: Literal["points", "masks"]
    batch: int = Field(gt=1)
    flip: bool
    unet_base: int = Field(gt=0)
    unet_depth: int = Field(gt=0)
    encoder: Literal["resnet10", "resnet18", "resnet34"]
    encoder_width: int = Field(gt=0)
    trunk: Literal["resnet10", "resnet18", "resnet34", "resnet50"]
    trunk_width: int = Field(gt=0)
    stem: Literal["imagenet", "small"]
    rates: tuple[int, ...]
    rates_hidden: int = Field(gt=0)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
