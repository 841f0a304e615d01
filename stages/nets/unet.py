"""A U-Net: halvings and doublings of the side with a bridge at each."""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Pair(nn.Sequential):
    """Two units of conv3, batch norm, rectifier.    Shapes: [B C H W] -> [B out H W]."""

    def __init__(self, channels: int, out: int):
        units: list[nn.Module] = []
        for width in (channels, out):
            units += [nn.Conv2d(width, out, 3, padding=1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
        super().__init__(*units)


class UNet(nn.Module):
    """`depth` halvings by max pooling, as many bilinear doublings, each joined with the map of its size; a 1x1 head.

    Widths are base * 1, 2, 4, ... on the way down and back.

    Source: Ronneberger et al. 2015, figure 1, with padding and bilinear doubling.
    Shapes: [B channels H W] -> [B out H W].
    Raises: ValueError for a side that cannot be halved `depth` times.
    """

    def __init__(self, channels: int, out: int, base: int, depth: int):
        super().__init__()
        widths = [base * 2**level for level in range(depth + 1)]
        self.depth = depth
        self.first = Pair(channels, base)
        self.down = nn.ModuleList(Pair(a, b) for a, b in pairwise(widths))
        self.up = nn.ModuleList(Pair(a + b, a) for a, b in reversed(list(pairwise(widths))))
        self.head = nn.Conv2d(base, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] % 2**self.depth or x.shape[3] % 2**self.depth:
            raise ValueError(f"expected sides that halve {self.depth} times, got {tuple(x.shape[2:])}")
        maps = [self.first(x)]
        for down in self.down:
            maps.append(down(F.max_pool2d(maps[-1], 2)))
        h = maps.pop()
        for up in self.up:
            bridge = maps.pop()
            h = up(torch.cat([bridge, F.interpolate(h, bridge.shape[2:], mode="bilinear", align_corners=False)], 1))
        return self.head(h)
