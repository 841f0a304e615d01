"""The prepared birds of LSUN."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets import objects
from stages.data.sets.objects import Block as Block


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the birds. Raises: as objects.prepare."""
    objects.prepare("bird", block, inputs, out, watch)
