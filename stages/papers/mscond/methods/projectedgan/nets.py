"""Random mixing of a frozen network's maps, and the small discriminators that judge the mixtures."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.spectral import spectral

LAST_SIDE = 8  # where halving ends; a 4x4 kernel is left to see it
SLOPE = 0.2


class Mixing(nn.Module):
    """Frozen random 1x1 convolutions within maps (cross-channel) and from coarse to fine (cross-scale).

    f_i = conv(map_i), widths C, 2C, 4C, 8C;  out_3 = conv(up(f_3)),  out_i = conv(up(out_i+1 + f_i)), which halve the
    channels but for out_0. up doubles the side, bilinear with aligned corners.

    Source: Sauer et al. 2021, §3.2; layers as in its code.
    Shapes: four maps, the finest first, each half as wide as the one before -> four of C, C, 2C, 4C channels at twice
        their sides.
    Raises: ValueError for another number of maps.
    """

    def __init__(self, channels: Sequence[int], width: int):
        super().__init__()
        if len(channels) != 4:
            raise ValueError(f"expected a network of four maps, came {len(channels)}; take another projector")
        self.channels = [width, width, 2 * width, 4 * width]
        wide = [width * 2**level for level in range(4)]
        self.within = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(channels, wide, strict=True))
        self.across = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(wide, self.channels, strict=True))

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        mixed: list[Tensor] = []
        for level in (3, 2, 1, 0):
            x = self.within[level](maps[level])
            if mixed:
                x = mixed[0] + x
            # The convolution of a place alone and the doubling commute; this order has a quarter of the work.
            x = self.across[level](x)
            mixed.insert(0, F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))
        return mixed


class SeparableDown(nn.Module):
    """Depthwise 3x3, pointwise, batch norm, leaky rectifier, mean of 2x2.

    Source: ProjectedGAN (code), the form that it pairs with StyleGAN2's generator.
    Shapes: [B inputs H W] -> [B outputs H/2 W/2].
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(F.leaky_relu(self.norm(self.pointwise(self.depthwise(x))), SLOPE), 2)


def width_at(side: int, width: int) -> int:
    """Channels at a side: C from 64 on, 2C at 32, 4C at 16, 8C at 8.  Source: ProjectedGAN (code), C = 64."""
    return width * min(8, max(1, 64 // side))


class MapDiscriminator(nn.Sequential):
    """Halvings down to side 8, then one 4x4 kernel: 5x5 logits. Sides between powers of two count as the nearest.

    Source: ProjectedGAN (code); settled 14 (190,848, 186,048, 177,024 and 142,592 parameters at 256 px).
    Shapes: [B channels side side] -> [B 1 k k], k = 5 where side is a power of two.
    Raises: ValueError for a map that is too small for the kernel.
    """

    def __init__(self, channels: int, side: int, width: int):
        if side < LAST_SIDE - 1:
            raise ValueError(
                f"expected mixed maps of at least {LAST_SIDE} px, came {side}; enlarge the projector's view"
            )
        sides = [LAST_SIDE << level for level in range(max(0, round(math.log2(side / LAST_SIDE))), -1, -1)]
        widths = [channels, *(width_at(at, width) for at in sides[1:])]
        downs = [SeparableDown(a, b) for a, b in pairwise(widths)]
        super().__init__(*downs, nn.Conv2d(widths[-1], 1, 4, bias=False))


class Discriminators(nn.Module):
    """One discriminator a mixed map, every convolution divided by its largest singular value.

    Source: Sauer et al. 2021, §3.1; ProjectedGAN (code).
    Shapes: maps [B C_i S_i S_i] -> logits [B n], those of all maps side by side: 100 from four maps.
    """

    def __init__(self, channels: Sequence[int], sides: Sequence[int], width: int):
        super().__init__()
        self.judges = nn.ModuleList(
            MapDiscriminator(count, side, width) for count, side in zip(channels, sides, strict=True)
        )
        spectral(self, [name for name, part in self.named_modules() if isinstance(part, nn.Conv2d)])

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        return torch.cat([judge(x).flatten(1) for judge, x in zip(self.judges, maps, strict=True)], dim=1)
