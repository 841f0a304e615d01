"""What a detector is to the verb `detect`, and raw network results as the table's instances."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.image import ImageError, decode_upright
from stages.data.instances import ImageDetections, Instance, encode_mask
from stages.engine.ahead import ahead

# Threads that decode the next photos while a network looks at those before.
DECODERS = 2
Files = Iterable[tuple[str, bytes]]


class Block(Base):
    """Keys of `detect.<set>`; those after `batch` are read by the source that they are named after.

    shard: photos, in key order, that are found, kept and written together; a network sees none beside another shard's.
    minimum_side_px and minimum_long_side_px: smaller images (filter F1) are left out unseen; 0 lets all pass.
    """

    source: str
    threshold: float
    minimum_side_px: int
    minimum_long_side_px: int
    shard: int = Field(gt=0)
    batch: int
    precomputed_file: str
    detectron2_config: str
    detectron2_file: str
    detectron2_sha256: str


class Detector(Protocol):
    """`facts` go into detect.json: source, model, digest, threshold."""

    facts: dict[str, Any]

    def find(self, files: Files) -> Iterator[tuple[str, ImageDetections]]:
        """What is in each (key, image file)."""
        ...


def in_batches(files: Files, size: int) -> Iterator[list[tuple[str, np.ndarray]]]:
    """(key, uint8 [H W 3]) in lists of `size`, the last one shorter; `prepare` lists what does not decode.

    While a list is in use the next one is decoded.
    """
    images = (photo for photo in ahead(files, _decoded, DECODERS, size) if photo is not None)
    while batch := list(islice(images, size)):
        yield batch


def _decoded(file: tuple[str, bytes]) -> tuple[str, np.ndarray] | None:
    key, content = file
    try:
        return key, decode_upright(content)
    except ImageError:
        return None


def to_detections(
    image: np.ndarray, names: Sequence[str], scores: np.ndarray, boxes: np.ndarray, masks: np.ndarray, threshold: float
) -> ImageDetections:
    """Instances with a score of at least the threshold and a mask with pixels.

    Shapes: image [H W 3], scores [n], boxes [n 4] (x1 y1 x2 y2), masks bool [n H W].
    """
    height, width = image.shape[:2]
    kept = [i for i in range(len(names)) if scores[i] >= threshold and masks[i].any()]
    return ImageDetections(
        width,
        height,
        tuple(Instance(names[i], float(scores[i]), _box(boxes[i]), encode_mask(masks[i])) for i in kept),
    )


def _box(found: Iterable[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(float, found)
    return left, top, right, bottom
