"""The keys of the deep image prior."""

from typing import Literal

from pydantic import Field, model_validator

from stages.engine.plan import TrainBlock
from stages.papers.onegan.common import RunBlock


class Block(RunBlock, TrainBlock):
    """Keys of a network for each photo, and of the noise that it makes the photo of.

    `enabled` says whether the profile runs it. `hole` is what covers the object: the real mask, every cell of which any
    object pixel touches, or what OneGAN predicts, at least `threshold`. `photos` are taken by hashes of keys, or `ids`
    as given. `scales` halve the side, `channels` are those of every convolution down, up and beside, `input_channels`
    those of the input, uniform in [0, `input_range`], to which each step adds N(0, `step_noise`^2).
    """

    enabled: bool
    hole: Literal["real", "predicted"]
    threshold: float = Field(gt=0, le=1)
    photos: int = Field(gt=0)
    ids: tuple[str, ...]
    scales: int = Field(gt=0)
    channels: int = Field(gt=0)
    input_channels: int = Field(gt=0)
    leak: float = Field(ge=0)
    input_range: float = Field(gt=0)
    step_noise: float = Field(ge=0)
    learning_rate: float = Field(gt=0)
    betas: tuple[float, float]
    epsilon: float = Field(gt=0)

    @model_validator(mode="after")
    def check_scales(self) -> "Block":
        """Raises: ValueError where the deepest map would have less than 2 x 2 cells, which reflection needs."""
        side = self.size_px // 2**self.scales
        if side < 2 or self.size_px % 2**self.scales:
            raise ValueError(
                f"scales: expected size_px to be at least 2 cells after {self.scales} halvings, came {self.size_px} px;"
                " take fewer scales"
            )
        return self
