"""Keys of StyleGAN2, MultiscaleD and MsConD. No torch here."""

from typing import Literal

from pydantic import Field, model_validator

from stages.papers.mscond.common import PairBlock
from stages.papers.mscond.contrast_keys import ContrastKeys
from stages.papers.mscond.scales import LEAST, label_to_heights


class HeadKeys(PairBlock):
    """Keys of the discriminator's heads.

    `scales` names the heights of its logits, 1-16 for 1, 8 and 16; `contrastive` adds projections to `embedding`
    numbers. `probe`: heights of heads that only watch. `shared`, `epilogue`, `global_layers` are readings of Table 1.
    """

    scales: str
    contrastive: bool
    probe: tuple[int, ...]
    shared: Literal["resblk", "chain"]
    epilogue: Literal["stylegan2", "table1"]
    embedding: int = Field(gt=0)
    projection_hidden: int = Field(gt=0)
    global_layers: Literal[1, 2]

    @property
    def heights(self) -> tuple[int, ...]:
        """Heights of all logits, ascending from 1."""
        return label_to_heights(self.scales, self.size_px)

    @property
    def local(self) -> tuple[int, ...]:
        """Heights of the local heads."""
        return self.heights[1:]

    @model_validator(mode="after")
    def fits(self) -> "HeadKeys":
        """Raises: ValueError for heights that the discriminator has no map of."""
        known = label_to_heights(f"1-{self.size_px // 2}" if self.size_px // 2 >= LEAST else "1", self.size_px)
        label_to_heights(self.scales, self.size_px)
        wrong = [height for height in self.probe if height not in known[1:]]
        if wrong:
            raise ValueError(f"probe: expected heights of {known[1:]} at {self.size_px} px, came {wrong}")
        return self


class Block(HeadKeys, ContrastKeys):
    """Keys of the adversarial training.

    `weight_local`: of each local head's terms beside the global one's. `penalty_heights`: whose logits the gradient
    penalty is on.
    Units: dynamics_every_images in images, a multiple of the batch.
    """

    weight_local: float = Field(ge=0)
    penalty_heights: Literal["all", "global"]
    dynamics_every_images: int = Field(gt=0)

    @property
    def tick_steps(self) -> int:
        """Steps of a tick of the dynamics."""
        return self.dynamics_every_images // self.batch

    @model_validator(mode="after")
    def ticks(self) -> "Block":
        """Raises: ValueError where a tick is no whole number of steps."""
        if self.dynamics_every_images % self.batch:
            raise ValueError(
                f"dynamics_every_images: expected a multiple of batch {self.batch}, came {self.dynamics_every_images}"
            )
        return self
