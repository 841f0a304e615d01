"""Cars with a hole over lamps and grill: the lower part of the front."""

from pathlib import Path

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.partial_holes import front_box, pack
from stages.data.prepared.packed import Packed
from stages.data.prepared.walk import Watch


class Block(Base):
    """Shares of the car's box that the hole takes: of its length at the front, of its height from below."""

    front_share: float = Field(gt=0, le=1)
    lower_share: float = Field(gt=0, le=1)
    images: int


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Source: supp Fig. 10; spec §8.6."""
    data = Packed.open(inputs["data"])
    shares = block.front_share, block.lower_share
    pack(
        data,
        "car_front",
        block.images,
        lambda i: front_box(np.array(data.needed_masks()[i]) > 0, *shares),
        out,
        watch,
    )
