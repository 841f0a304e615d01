"""The head of contrastive losses on patches: features at given places, through a small network, to unit length."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stages.nets.xavier import xavier

EPSILON = 1e-7


class PatchHead(nn.Module):
    """For each tap: gather the features at its places, linear, ReLU, linear, and divide by (length + 1e-7).

    `mlp` False leaves the network out: raw features of unit length, and a head without parameters.

    Source: CUT, Park et al. 2020 (code, PatchSampleF): 560,384 parameters for 3, 128, 256, 256, 256 channels and
    width 256; there the network is made at the first batch, here at once.
    Shapes: for each tap a map [B C H W] and places int64 [N] in 0..H*W-1, row by row -> [B N width], or [B N C] without
    the network.
    Raises: ValueError for another number of maps or places than of taps, or a map of other channels.
    """

    def __init__(self, channels: Sequence[int], width: int, gain: float, mlp: bool = True):
        super().__init__()
        self.channels = tuple(channels)
        layers = (_two_layers(count, width) for count in channels) if mlp else ()
        self.layers = nn.ModuleList(layers)
        xavier(self, gain)

    def forward(self, maps: Sequence[Tensor], places: Sequence[Tensor]) -> list[Tensor]:
        found = tuple(features.shape[1] for features in maps)
        if found != self.channels or len(places) != len(self.channels):
            raise ValueError(
                f"expected maps of {self.channels} channels and as many lists of places, got {found} and {len(places)}"
            )
        rows = [rows_at(features, at) for features, at in zip(maps, places, strict=True)]
        if self.layers:
            rows = [layer(row) for layer, row in zip(self.layers, rows, strict=True)]
        return [unit(row) for row in rows]


def rows_at(features: Tensor, places: Tensor) -> Tensor:
    """The features at these places of every image.    Shapes: [B C H W], int64 [N] -> [B N C]."""
    return features.flatten(2).index_select(2, places).transpose(1, 2)


def unit(rows: Tensor) -> Tensor:
    """rows / (length + 1e-7); rows of zeros stay zero, with gradients of zero length.    Shapes: [... D]."""
    return rows / (torch.linalg.vector_norm(rows, dim=-1, keepdim=True) + EPSILON)


def _two_layers(channels: int, width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(channels, width), nn.ReLU(), nn.Linear(width, width))
