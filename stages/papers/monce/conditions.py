"""What a paired method makes pictures from: maps of labels, or a person's joints drawn into channels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional as F

from stages.data.prepared.packed import Packed
from stages.data.prepared.posed import PosedSource
from stages.data.prepared.windows import WindowSource
from stages.engine.method import Source
from stages.engine.world import World

if TYPE_CHECKING:
    from stages.papers.monce.methods.spade.block import Block

UNKNOWN = 255  # in a pack's labels: nothing is known of a pixel


def condition_of(batch: Mapping[str, Tensor], block: "Block") -> Tensor:
    """The channels that the generator is steered by.

    A channel for each class, 1 where it is; what is unknown is in the last one. A skeleton is in its channels already.

    Source: code (SPADE; CoCosNet). Shapes: labels int64 [B S S], or condition [B 20 S S] -> float32 [B L S S].
    """
    if block.condition == "joints":
        return batch["condition"]
    labels = batch["labels"]
    known = torch.where(labels == UNKNOWN, block.classes - 1, labels)
    return F.one_hot(known, block.classes).movedim(3, 1).float()


def check_data(block: "Block", packed: Packed) -> None:
    """Raises: ValueError if the data have another side, or other classes, than the method."""
    card = packed.card
    if card["size_px"] != block.size_px:
        raise ValueError(
            f"{packed.folder}: expected pictures of {block.size_px} px (key size_px), came {card['size_px']}"
        )
    if block.condition == "joints":
        return
    named = len(card["facts"].get("classes", ()))
    if block.classes not in (named, named + 1):
        raise ValueError(
            f"{packed.folder}: expected {block.classes} classes (key classes), one of which may be the unknown, came "
            f"{named}"
        )


def paired_source(block: "Block", packed: Packed, seed: int, world: World) -> Source:
    """Batches {image, labels} or {image, condition}: windows until half of the steps, whole pictures afterwards.

    Source: code (SPADE), spec §2.4, §5. Raises: ValueError as `check_data`.
    """
    check_data(block, packed)
    labels, points = (("labels",), ()) if block.condition == "labels" else ((), ("joints",))
    where, until = packed.positions("train"), block.iterations // 2
    windows = WindowSource(packed, where, block.batch, seed, world, block.flip, until, labels=labels, points=points)
    return PosedSource(windows) if points else windows
