"""What trainings are fed: photos of the training split, and at times photos that were held out."""

from pathlib import Path

from torch import Tensor

from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.world import World
from stages.papers.mscond.common import CommonBlock


def source_of(block: CommonBlock, folder: Path, seed: int, world: World, held_out_every: int = 0) -> "Photos":
    """Batches {image} of the training split; with `held_out_every` in the first of so many steps {held_out} too.

    Shapes: float32 [b 3 S S] in [-1, 1] each; a set without the split held_out gives none.
    Raises: ValueError if the photos have another side than the method.
    """
    packed = Packed.open(folder)
    if packed.card["size_px"] != block.size_px:
        found = packed.card["size_px"]
        raise ValueError(f"{folder}: expected photos of {block.size_px} px (key size_px), came {found}")
    photos = PackedSource(packed, packed.positions("train"), block.batch, seed, block.flip, world)
    held_out = None
    if held_out_every and packed.card["splits"].get("held_out"):
        held_out = PackedSource(packed, packed.positions("held_out"), block.batch, seed, False, world)
    return Photos(photos, held_out, held_out_every)


class Photos:
    """Two splits of a set behind one source; the held-out one goes round in batches of the same size."""

    def __init__(self, photos: PackedSource, held_out: PackedSource | None, every: int) -> None:
        self.photos, self.held_out, self.every, self.size = photos, held_out, every, photos.size

    def batch(self, step: int) -> dict[str, Tensor]:
        """The batch of one step."""
        found = {"image": self.photos.batch(step)["image"]}
        if self.held_out is not None and step % self.every == 0:
            found["held_out"] = self.held_out.batch(step // self.every)["image"]
        return found
