"""The prepared summers and winters: truth 0 sky, 1 ridge, 2 valley, 3 lake, 4 fir, where it is known."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets.two_domains import prepare_domains
from stages.data.sets.wide import WideBlock
from stages.data.summer2winter import read_pictures


class Block(WideBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs both domains. Raises: FileNotFoundError, ValueError."""
    prepare_domains("seasons", read_pictures, block, inputs, out, watch)
