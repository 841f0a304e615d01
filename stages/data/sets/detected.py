"""What the prepared dogs and cars share: masks are what a detector found in the box."""

from pathlib import Path

import numpy as np

from stages.data.boxed import Box, Boxed
from stages.data.colour import foreground
from stages.data.detections import Detections
from stages.data.instances import GIVEN
from stages.data.prepared.walk import Watch
from stages.data.raw import RawFolder
from stages.data.sets.boxed import BoxedBlock, prepare_boxes


class DetectedBlock(BoxedBlock):
    """Parameters of such a set."""

    foreground_classes: tuple[str, ...]
    foreground_iou: float


def prepare_detected(name: str, block: DetectedBlock, inputs: dict[str, Path], out: Path, watch: Watch | None) -> None:
    """Packs all photos; the mask is the instance of a wanted class whose box meets the annotated one best.

    Source: spec §2.4 [D]. Raises: FileNotFoundError, ValueError.
    """
    raw, detections = RawFolder.open(inputs["raw"]), Detections(inputs["detections"])
    classes = (*block.foreground_classes, GIVEN)

    def mask_of(item: Boxed, image: np.ndarray, box: Box) -> np.ndarray | None:
        height, width = image.shape[:2]
        x1, y1, x2, y2 = (round(edge) for edge in box)
        limits = (x1, y1, x2 - 1, y2 - 1)
        mask, origin = foreground(detections.get(item.photo), limits, height, width, classes, block.foreground_iou, 0.0)
        return mask if origin == "mask" else None

    prepare_boxes(name, block, raw, mask_of, out, watch)
