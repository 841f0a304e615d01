"""Batches of images with a label for each pixel."""

import numpy as np
import torch
from torch import Tensor

from stages.data.prepared.augment import coins
from stages.data.prepared.packed import Packed
from stages.data.prepared.source import PackedSource
from stages.engine.chance import key_of
from stages.engine.world import World
from stages.nets.segmenter import VOID


class LabelledSource:
    """Images and the label maps of one of a pack's arrays, turned over together.

    Shapes: image float32 [b 3 R R] in [-1, 1], labels uint8 [b R R].
    Raises: ValueError for label maps of another shape, or a label that is neither a class nor 255.
    """

    def __init__(
        self,
        packed: Packed,
        name: str,
        positions: np.ndarray,
        batch: int,
        seed: int,
        flip: bool,
        classes: int,
        world: World,
    ):
        self.inner = PackedSource(packed, positions, batch, seed, False, world)
        self.packed, self.name = packed, name
        labels_of(packed, name)
        self.labels = packed.rows(name)
        self.size, self.flip, self.classes, self.world = batch, flip, classes, world
        self.key = key_of(seed, "labelled", "flip") % 2**63

    def batch(self, step: int) -> dict[str, Tensor]:
        """This process's rows of one batch."""
        rows = self.inner.batch(step)
        images, labels = rows["image"], self.labels.take(rows["position"].numpy())
        refuse_strange(self.packed, self.name, labels, self.classes)
        found = torch.from_numpy(labels)
        if self.flip:
            numbers = step * self.size + np.arange(self.world.rank, self.size, self.world.size)
            turned = torch.from_numpy(coins(numbers, self.key))
            images = torch.where(turned[:, None, None, None], images.flip(-1), images)
            found = torch.where(turned[:, None, None], found.flip(-1), found)
        return {"image": images, "labels": found}


def labels_of(packed: Packed, name: str) -> np.ndarray:
    """A pack's array of label maps. Shapes: uint8 [N R R].    Raises: ValueError for another shape than the images'."""
    labels, expected = packed.array(name), packed.images.shape[:3]
    if labels.shape != expected:
        raise ValueError(
            f"{packed.folder}/{name}.npy: expected the shape {expected} of the images, came {labels.shape}"
        )
    return labels


def refuse_strange(packed: Packed, name: str, labels: np.ndarray, classes: int) -> None:
    """Raises: ValueError for a label that is neither a class nor 255."""
    strange = labels[(labels >= classes) & (labels != VOID)]
    if len(strange):
        raise ValueError(f"{packed.folder}/{name}.npy: expected labels below {classes} or {VOID}, came {strange[0]}")
