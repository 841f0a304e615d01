"""Birds with a hole over the middle of the body."""

from pathlib import Path

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.partial_holes import central_box, pack
from stages.data.prepared.packed import Packed
from stages.data.prepared.walk import Watch


class Block(Base):
    """Share of the area of the bird's box that the hole takes."""

    area_share: float = Field(gt=0, le=1)
    images: int


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Source: supp Fig. 10; spec §8.6."""
    data = Packed.open(inputs["data"])
    pack(
        data,
        "bird_part",
        block.images,
        lambda i: central_box(np.array(data.needed_masks()[i]) > 0, block.area_share),
        out,
        watch,
    )
