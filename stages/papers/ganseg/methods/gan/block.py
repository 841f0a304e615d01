"""The keys of the generative model's training."""

from typing import Literal

from pydantic import Field

from stages.engine.plan import TrainBlock
from stages.papers.ganseg.common import GeneratorBlock


class Block(GeneratorBlock, TrainBlock):
    """Keys of the GAN.

    `sigma` says where the parts' extents come from: their points (estimated), the mean over `sigma_samples` samples of
    the main model (own), or the printed constant `sigma_printed` (printed). The weight of the concentration is
    concentration_constant * parts. `penalty` names the points of the gradient penalty: real images, with norm 1 (real)
    or 0 (r1) as the goal, or images between real and generated (between). `area_target` is a disc as wide as the
    points, or the heat-map's sum.
    Units: crop_scale a share of the area, (1, 1) for no crop; crop_ratio width / height; area_weight per pixel at
    128 px; penalty_every, part_losses_every in steps.
    """

    enabled: bool
    batch: int = Field(gt=1)
    flip: bool
    crop_scale: tuple[float, float]
    crop_ratio: tuple[float, float]
    discriminator_channels: tuple[int, ...]
    generator_rate: float = Field(gt=0)
    discriminator_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)
    penalty: Literal["real", "r1", "between"]
    penalty_weight: float = Field(ge=0)
    penalty_every: int = Field(gt=0)
    concentration_constant: float = Field(ge=0)
    area_weight: float = Field(ge=0)
    area_target: Literal["disc", "heatmap"]
    part_losses_every: int = Field(gt=0)
    sigma: Literal["estimated", "own", "printed"]
    sigma_printed: float = Field(gt=0)
    sigma_samples: int = Field(gt=0)
