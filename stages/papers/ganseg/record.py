"""What the generator is given and what it gives back."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Noise:
    """The four independent draws of an image.

    Shapes: point, appearance, bg_appearance [B z]; bg_position [B 2] (row, col) in [-1, 1].
    """

    point: Tensor
    appearance: Tensor
    bg_appearance: Tensor
    bg_position: Tensor


@dataclass(frozen=True)
class Generated:
    """One batch of generated images with everything on the way. Coordinates are (row, col) in [-1, 1].

    Shapes: points [B K n 2], centers [B K 2], scale [B K], embeddings [B K d], bg_embedding [B d],
        init_mask [B K S S] (heat-maps of the last level), mask [B K+1 S S] (softmax, background last),
        foreground and background [B d S S], image [B 3 S S] in [-1, 1].
    """

    points: Tensor
    centers: Tensor
    scale: Tensor
    embeddings: Tensor
    bg_embedding: Tensor
    init_mask: Tensor
    mask: Tensor
    foreground: Tensor
    background: Tensor
    image: Tensor


def to_dict(record: Generated | Noise, prefix: str = "") -> dict[str, Tensor]:
    """The record's fields by name."""
    return {f"{prefix}{field.name}": getattr(record, field.name) for field in fields(record)}


def background_first(mask: Tensor) -> Tensor:
    """From the generator's order of channels (background last) to the label order (background 0). [B K+1 S S]."""
    return torch.cat([mask[:, -1:], mask[:, :-1]], 1)


def labels(mask: Tensor) -> Tensor:
    """Hard labels of the generator's masks: 0 = background, 1..K = parts. Shapes: [B K+1 S S] -> uint8 [B S S]."""
    return background_first(mask).argmax(1).to(torch.uint8)
