"""The prepared CUB birds about their boxes; masks are the published segmentations."""

from pathlib import Path

import numpy as np

from stages.data.boxed import Box, Boxed
from stages.data.image import decode_channel
from stages.data.prepared.ledger import Refused
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.boxed import BoxedBlock, prepare_boxes
from stages.data.sets.walk import decoded


class Block(BoxedBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all photos; a pixel is bird where more than half of the annotators say so, and a photo may have no mask.

    Source: spec §2.1 (level > 127). Raises: FileNotFoundError, ValueError.
    """
    raw = RawFolder.open(inputs["raw"])

    def mask_of(item: Boxed, image: np.ndarray, box: Box) -> np.ndarray | None:
        levels = decoded(raw, item.segmentation, decode_channel)
        if levels is not None and levels.shape != image.shape[:2]:
            sizes = f"photo {image.shape[:2]}, mask {levels.shape} (rows, columns)"
            raise Refused("mask", "mask_size", sizes, item.segmentation)
        return None if levels is None else levels > 127

    prepare_boxes("bird_boxes", block, raw, mask_of, out, watch)
