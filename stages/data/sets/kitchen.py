"""The prepared kitchens of LSUN."""

from pathlib import Path

from stages.data.prepared.walk import Watch
from stages.data.sets.lsun_rooms import prepare_rooms
from stages.data.sets.scenes import SceneBlock


class Block(SceneBlock):
    """Parameters of the set."""


def prepare(block: Block, inputs: dict[str, Path], out: Path, watch: Watch | None = None) -> None:
    """Packs the rooms. Raises: as prepare_rooms."""
    prepare_rooms("kitchen", "kitchen_train_lmdb", block, inputs, out, watch)
