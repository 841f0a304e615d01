"""Keys of InsGen. No torch here."""

from pydantic import Field

from stages.block import Block as Base
from stages.papers.mscond.common import PairBlock


class AdaKeys(Base):
    """Adaptive augmentation.

    `ada_target`: the mean sign of real logits that is aimed at; `ada_speed_images`: images in which p can go from 0 to
    1; `ada_every`: steps between its moves. `ada_shift`: in shares of the side, of whole pixels at most and of any
    shift as deviation; `ada_scale`, `ada_contrast`, `ada_saturation`: deviations of the factors' logarithm to base 2;
    `ada_brightness`: deviation.
    """

    ada_target: float = Field(ge=-1, le=1)
    ada_speed_images: int = Field(gt=0)
    ada_every: int = Field(gt=0)
    ada_shift: float = Field(ge=0)
    ada_scale: float = Field(ge=0)
    ada_brightness: float = Field(ge=0)
    ada_contrast: float = Field(ge=0)
    ada_saturation: float = Field(ge=0)


class Block(PairBlock, AdaKeys):
    """Keys of the adversarial training that also tells images from each other.

    `head_hidden` and `embedding` are the heads' widths; `queue` counts keys of each domain; `momentum` is the share
    that slow copies keep a step; `perturbation` the deviation of what is added to a code for the other view of a fake.
    Units: contrast_every in steps.
    """

    head_hidden: int = Field(gt=0)
    embedding: int = Field(gt=0)
    queue: int = Field(gt=0)
    momentum: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0)
    perturbation: float = Field(ge=0)
    weight_contrast: float = Field(ge=0)
    weight_contrast_generator: float = Field(ge=0)
    contrast_every: int = Field(gt=0)
