"""Training batches from a packed dataset: a pure function of seed and step."""

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from stages.data.image import mask_to_tensor, to_tensor
from stages.data.prepared.augment import Crop, coins, crop_windows, cut_windows
from stages.data.prepared.order import Order, checked, digest, numbers_of
from stages.data.prepared.packed import Packed


class PackedSource:
    """Batches of images, masks and labels for one rank, on the CPU: who trains on them moves them.

    Sample number n = step · B + rank + i · world; its place in the epoch's permutation, its window and its
    flip depend on (seed, n) alone.
    Shapes: image float32 [b 3 R R] in [-1, 1], mask float32 [b 1 R R] with 1 = hole (where the set has masks),
    label_<name> int64 [b], position int64 [b]; b = B / world.
    """

    def __init__(
        self,
        packed: Packed | Path,
        positions: np.ndarray,
        batch: int,
        seed: int,
        flip: bool,
        world,  # engine.world.World, or anything with rank and size
        labels: Sequence[str] = (),
        crop: Crop | None = None,
    ) -> None:
        """Raises: ValueError for no positions, positions outside the set, or a batch that the ranks cannot share."""
        self.packed = packed if isinstance(packed, Packed) else Packed.open(packed)
        self.positions = checked(positions, len(self.packed), self.packed.folder)
        if batch < 1 or batch % world.size:
            raise ValueError(f"batch: expected a positive multiple of {world.size} processes, came {batch}")
        self.size, self.seed, self.flip, self.crop, self.world = batch, seed, flip, crop, world
        self._images = self.packed.rows("images")
        self._masks = None if self.packed.masks is None else self.packed.rows("masks")
        self._labels = {name: self.packed.column(name) for name in labels}
        self._order = Order(self.positions, seed)
        self._key = digest(seed, "flip")
        self._key_of = cache(partial(digest, seed))

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch."""
        numbers = numbers_of(step, self.size, self.world.rank, self.world.size)
        positions = self._order.places(numbers)
        images = self._images.take(positions)
        masks = None if self._masks is None else self._masks.take(positions)
        if self.crop is not None:
            windows = crop_windows(numbers, images.shape[1], self.crop, self._key_of)
            images = cut_windows(images, windows)
            masks = None if masks is None else cut_windows(masks, windows)
        if self.flip:
            turned = coins(numbers, self._key)
            images[turned] = images[turned, :, ::-1]
            if masks is not None:
                masks[turned] = masks[turned, :, ::-1]
        batch = {"image": to_tensor(images), "position": torch.from_numpy(positions)}
        if masks is not None:
            batch["mask"] = mask_to_tensor(masks)
        for name, values in self._labels.items():
            batch[f"label_{name}"] = torch.from_numpy(values[positions])
        return batch
