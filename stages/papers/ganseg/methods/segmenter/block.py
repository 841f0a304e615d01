"""The keys of the segmenter's training."""

from typing import Literal

from pydantic import Field

from stages.engine.plan import TrainBlock
from stages.papers.ganseg.common import CommonBlock


class Block(CommonBlock, TrainBlock):
    """Keys of the segmenter.

    `backbone_init` random begins from nothing; imagenet_file from the user's torchvision file of the trunk.
    Units: rates in pixels of the last map; shares of the loss.
    """

    batch: int = Field(gt=1)
    trunk: Literal["resnet10", "resnet18", "resnet34", "resnet50"]
    trunk_width: int = Field(gt=0)
    stem: Literal["imagenet", "small"]
    rates: tuple[int, ...]
    hidden: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    backbone_init: Literal["random", "imagenet_file"]
    backbone_file: str
    backbone_sha256: str
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    cross_entropy_share: float = Field(ge=0)
    dice_share: float = Field(ge=0)
    evaluation_batch: int = Field(gt=0)
