"""Keys that GANSeg's methods share. No torch here."""

from itertools import pairwise
from typing import Literal

from pydantic import Field, model_validator

from stages.block import Block as Base
from stages.engine.plan import Descent


def contamination_depth(sizes: tuple[int, ...], margin: int) -> list[int]:
    """Depth of the border that zero padding can have changed, after each block of a level chain, at worst.

    A SPADE residual block: c <- max(c + 2, 4). Doubling and cropping: c <- max(2 c + 1 - margin, 0).
    The visible part is untouched if the last depth is at most the margin: a sufficient bound, no tight one.

    Source: spec §3.4, of supp §E.
    """
    depth, found = 0, []
    for number, size in enumerate(sizes):
        if number and size != sizes[number - 1]:
            depth = max(2 * depth + 1 - margin, 0)
        depth = max(depth + 2, 4)
        found.append(depth)
    return found


class CommonBlock(Base):
    """Keys of every method. `profile` and `variant` name the run in what is written about it and change nothing.

    Units: size_px in pixels; parts is K, points_per_part n.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    variant: str
    size_px: int = Field(ge=32)
    parts: int = Field(gt=0)
    points_per_part: int = Field(gt=0)


class GeneratorBlock(CommonBlock):
    """Keys of the generator.

    `feature_sizes` are the nominal sides of the levels, which double or stay, and `channels` the widths with which they
    begin. `scale` is how a part's extent follows from its points, `kernel` the heat-map that it enters; `grid` says
    whether -1 and 1 are the outer pixels' outer edges (pixel_center) or their centres (corner). `background_position`
    says which coordinates of the background's position are drawn. `single_final` makes the head one 1x1 convolution.
    Units: margin in pixels of each level; slope of the leaky rectifiers.
    Raises: ValueError for sides that neither stay nor double up to size_px, another number of widths, or a margin over
    which the zeros of the border can reach into the picture.
    """

    latent: int = Field(gt=0)
    embedding: int = Field(gt=0)
    hidden: int = Field(gt=0)
    slope: float = Field(ge=0)
    margin: int = Field(gt=0)
    feature_sizes: tuple[int, ...]
    channels: tuple[int, ...]
    point_layers: int = Field(gt=0)
    appearance_layers: int = Field(gt=0)
    point_divisor: float = Field(gt=0)
    scale: Literal["radius_var", "std", "mean_abs"]
    kernel: Literal["gaussian", "triangle"]
    grid: Literal["pixel_center", "corner"]
    background_position: Literal["both", "horizontal"]
    single_final: bool

    @model_validator(mode="after")
    def check_levels(self) -> "GeneratorBlock":
        sizes = self.feature_sizes
        steps = [after / before for before, after in pairwise(sizes)]
        if not sizes or sizes[-1] != self.size_px or any(step not in (1, 2) for step in steps):
            raise ValueError(f"feature_sizes must stay or double up to size_px {self.size_px}, they are {sizes}")
        if len(self.channels) != len(sizes):
            raise ValueError(f"channels must have one width for each of {len(sizes)} levels, they are {self.channels}")
        depth = contamination_depth(sizes, self.margin)[-1]
        if depth > self.margin:
            raise ValueError(
                f"margin: the border's zeros reach {depth} px inwards over the levels {sizes}, expected at most the "
                f"margin, which is {self.margin}; raise margin"
            )
        return self


def adam(net: str, rate: float, betas: tuple[float, float], epsilon: float) -> Descent:
    """Plain Adam over one net.  Source: supp §B.4."""
    return Descent(kind="adam", nets=(net,), learning_rate=rate, betas=betas, eps=epsilon)
