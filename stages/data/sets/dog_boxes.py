"""The prepared Stanford Dogs about the largest box of each annotation; masks are detections."""

from collections.abc import Callable
from pathlib import Path

from stages.data.sets.detected import DetectedBlock, prepare_detected


class Block(DetectedBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
    """Packs all photos. Raises: FileNotFoundError, ValueError."""
    prepare_detected("dog_boxes", block, inputs, out, progress)
