"""Keys of ProjectedGAN. No torch here."""

from pydantic import Field

from stages.papers.mscond.common import CommonBlock


class Block(CommonBlock):
    """What it has beside the keys of every training.

    `projection_width`: channels of the finest mixed map; `judge_lazy_every`: the discriminators' rate and betas are
    those of a regulariser in one of so many steps; `augment_*`: half ranges of colour changes, shares of the side.
    """

    projection_width: int = Field(gt=0)
    judge_lazy_every: int = Field(gt=0)
    augment_brightness: float = Field(ge=0)
    augment_saturation: float = Field(ge=0)
    augment_contrast: float = Field(ge=0)
    augment_translation: float = Field(ge=0, le=0.5)
    augment_cutout: float = Field(ge=0, le=1)
