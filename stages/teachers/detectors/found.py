"""What a detector is to the verb `detect`, and raw network results as the table's instances."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

import numpy as np

from stages.block import Block as Base
from stages.data.detections import ImageDetections, Instance, encode_mask
from stages.data.image import ImageError, decode_upright

Files = Iterable[tuple[str, bytes]]


class Block(Base):
    """Keys of `detect.<set>`; those after `batch` are read by the source that they are named after.

    minimum_side_px and minimum_long_side_px: smaller images (filter F1) are left out unseen; 0 lets all pass.
    """

    source: str
    threshold: float
    minimum_side_px: int
    minimum_long_side_px: int
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
    """(key, uint8 [H W 3]) in lists of `size`, the last one shorter; `prepare` lists what does not decode."""
    images = _decoded(files)
    while batch := list(islice(images, size)):
        yield batch


def _decoded(files: Files) -> Iterator[tuple[str, np.ndarray]]:
    for key, content in files:
        try:
            image = decode_upright(content)
        except ImageError:
            continue
        yield key, image


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
