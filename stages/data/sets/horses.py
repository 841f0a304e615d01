"""The prepared horses and zebras: truth 1 = animal, where it is known."""

from pathlib import Path

from stages.data.horse2zebra import read_pictures
from stages.data.prepared.walk import Watch
from stages.data.sets.two_domains import prepare_domains
from stages.data.sets.wide import WideBlock


class Block(WideBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs both domains. Raises: FileNotFoundError, ValueError."""
    prepare_domains("horses", read_pictures, block, inputs, out, watch)
