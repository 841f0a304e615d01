"""The prepared Stanford Cars about the annotations' boxes; masks are detections."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets.detected import DetectedBlock, prepare_detected


class Block(DetectedBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs all photos. Raises: FileNotFoundError, ValueError."""
    prepare_detected("car_boxes", block, inputs, out, watch)
