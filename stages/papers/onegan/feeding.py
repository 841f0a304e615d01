"""What OneGAN is trained on: windows of photos, and beside them clean tiles of ground."""

from pathlib import Path

import numpy as np

from stages.data.prepared.beside import BesideSource
from stages.data.prepared.packed import Packed
from stages.data.prepared.windows import WindowSource
from stages.engine.method import Source
from stages.engine.world import World
from stages.papers.onegan.methods.gan.block import Block


def source_of(block: Block, inputs: dict[str, Path], seed: int, world: World) -> Source:
    """Batches {image, background_image, …}: photos of the training splits by windows, tiles whole, both flipped or not.

    Inputs: data, tiles. No mask is opened, and boxes (as `box`) where `patch_labels` asks for them alone.
    Shapes: float32 [b 3 S S] in [-1, 1] each, box float32 [b 4] in shares of the window.
    Raises: ValueError if photos or tiles have another side than the method.
    """
    photos, tiles = (opened(inputs[name], block.size_px) for name in ("data", "tiles"))
    positions = np.sort(np.concatenate([photos.positions(split) for split in block.train_splits]))
    boxed = block.patch_labels == "box"
    first = WindowSource(
        photos, positions, block.batch, seed, world, block.flip, block.iterations, "photos", boxed=boxed
    )
    second = WindowSource(tiles, tiles.positions("train"), block.batch, seed, world, block.flip, 0, "tiles")
    return BesideSource(first, second)


def opened(folder: Path, side: int) -> Packed:
    """A pack of pictures of this side. Raises: ValueError for another."""
    packed = Packed.open(folder)
    if packed.card["size_px"] != side:
        raise ValueError(f"{folder}: expected pictures of {side} px (key size_px), came {packed.card['size_px']}")
    return packed
