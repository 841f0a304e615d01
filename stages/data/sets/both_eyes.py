"""Faces with a hole over both eyes."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets.eyes import Block, prepare_eyes

__all__ = ["Block", "prepare"]


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Source: supp Fig. 10; spec §8.6."""
    prepare_eyes("both_eyes", block, inputs, out, watch)
