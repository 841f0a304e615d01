"""The prepared birds of LSUN."""

from collections.abc import Callable
from pathlib import Path

from stages.data.sets import objects
from stages.data.sets.objects import Block as Block


def prepare(block: Block, inputs: dict[str, Path], out: Path, progress: Callable | None = None) -> None:
    """Packs the birds. Raises: as objects.prepare."""
    objects.prepare("bird", block, inputs, out, progress)
