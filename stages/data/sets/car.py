"""The prepared cars of LSUN."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets import objects
from stages.data.sets.objects import Block as Block


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the cars. Raises: as objects.prepare."""
    objects.prepare("car", block, inputs, out, watch)
