"""Keys of the pixel-level contrastive task. No torch here."""

from typing import Literal

from pydantic import Field

from stages.block import Block

Share = tuple[float, float]


class ViewKeys(Block):
    """How the two views of an image are made.

    `view_area` and `view_ratio` are ranges of a crop's share of the picture and of its width over its height;
    `view_jitter` holds the largest changes of light, contrast, saturation (factors 1 - j to 1 + j) and hue (turns);
    the others are probabilities.
    """

    view_area: Share
    view_ratio: Share
    view_flip: float = Field(ge=0, le=1)
    view_jitter: tuple[float, float, float, float]
    view_jitter_share: float = Field(ge=0, le=1)
    view_grey_share: float = Field(ge=0, le=1)


class ContrastKeys(ViewKeys):
    """The contrastive task of the discriminator.

    `pairs` coords: positives by place in the picture; same_cell: views differ in colour alone. `keys` momentum: of the
    slow copy, which keeps `momentum` of itself a step; stopgrad: of the discriminator itself. `near`: share of a cell's
    diagonal within which two cells are partners. `keys_kept`: negatives a scale and step at most; `queue`: keys of
    earlier steps at height 1.
    """

    weight_contrast: float = Field(ge=0)
    contrast_every: int = Field(gt=0)
    contrast_domains: tuple[Literal["real", "fake"], ...] = Field(min_length=1)
    pairs: Literal["coords", "same_cell"]
    keys: Literal["momentum", "stopgrad"]
    momentum: float = Field(ge=0, le=1)
    temperature: float = Field(gt=0)
    near: float = Field(gt=0)
    keys_kept: int = Field(gt=0)
    queue: int = Field(ge=0)
