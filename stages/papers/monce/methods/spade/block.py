"""The keys of the method that makes pictures from labels or joints."""

from typing import Literal

from pydantic import Field, model_validator

from stages.papers.monce.common import OptimiserBlock, RunBlock, WeightingBlock

SKELETON_CHANNELS = 20


class Block(RunBlock, OptimiserBlock, WeightingBlock):
    """Keys of SPADE's pair of networks and of the loss between its pictures and the real ones.

    `condition` says what the set gives: labels of so many `classes`, the last of which is what is not known where the
    set has such pixels, or the 18 joints of a person, drawn into 20 channels. `doublings` is how often the generator
    doubles its first map, `hidden` the channels inside its norms. `comparison` is what the layers of VGG-19 are
    compared by; `layer_weights` belong to `layers`. `normalise` says how pictures enter VGG-19.
    """

    enabled: bool
    layers: tuple[str, ...]
    condition: Literal["labels", "joints"]
    classes: int = Field(gt=0)
    width: int = Field(gt=0)
    hidden: int = Field(gt=0)
    doublings: int = Field(gt=0)
    judge_width: int = Field(gt=0)
    judge_levels: int = Field(gt=0)
    judges: int = Field(gt=0)
    init_gain: float = Field(gt=0)
    generator_rate: float = Field(gt=0)
    judge_rate: float = Field(gt=0)
    comparison: Literal["perceptual", "contextual", "contrast"]
    layer_weights: tuple[float, ...]
    weight_comparison: float = Field(ge=0)
    weight_matching: float = Field(ge=0)
    normalise: Literal["none", "imagenet"]

    @property
    def channels(self) -> int:
        """Of the condition: one for each class and one for what is unknown, or those of a drawn skeleton."""
        return SKELETON_CHANNELS if self.condition == "joints" else self.classes

    @model_validator(mode="after")
    def check_layers(self) -> "Block":
        if len(self.layers) != len(self.layer_weights):
            raise ValueError(f"expected a weight for each of the layers {self.layers}, they are {self.layer_weights}")
        return self
