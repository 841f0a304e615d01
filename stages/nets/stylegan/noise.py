"""Per-pixel noise planes for a decoder, drawn at once and handed out by layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

CONSTANT_SEED = 0  # the fixed planes are part of the network's definition, the same for every training seed


class NoisePlanes(nn.Module):
    """Noise for layers of the given sides: none, the network's own fixed planes, or a drawn row per sample.

    Source: StyleGAN2 (code); which layers: gap G9.
    Shapes: flat [B size] -> planes [B 1 side side] per layer; the fixed planes are [1 1 side side].
    Raises: ValueError if `flat` does not have `size` columns.
    """

    fixed: Tensor

    def __init__(self, sides: Sequence[int]):
        super().__init__()
        self.sides = tuple(sides)
        self.size = sum(side * side for side in self.sides)
        generator = torch.Generator().manual_seed(CONSTANT_SEED)
        self.register_buffer("fixed", torch.randn(1, self.size, generator=generator), persistent=False)

    def forward(self, flat: Tensor | None) -> list[Tensor | None]:
        """Planes cut from `flat`, or no plane at all if it is None; `self.fixed` gives the constant ones."""
        if flat is None:
            return [None] * len(self.sides)
        if flat.shape[1] != self.size:
            raise ValueError(f"noise: expected {self.size} numbers per sample, came {flat.shape[1]}")
        pieces = flat.split([side * side for side in self.sides], dim=1)
        return [piece.view(-1, 1, side, side) for piece, side in zip(pieces, self.sides, strict=True)]
