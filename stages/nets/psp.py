"""pSp's inversion encoder: from a face to the codes of every layer of a StyleGAN2 generator."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.encoders.irse import STAGES_50, Unit
from stages.nets.stylegan.equal import EqualLinear

SIZE_PX = 256
TAPS = (6, 20, 23)  # units of the trunk whose maps are read: 128 x 64 x 64, 256 x 32 x 32, 512 x 16 x 16
COARSE, MIDDLE = 3, 7  # styles below COARSE read the 16 x 16 map, below MIDDLE the 32 x 32 map, the others 64 x 64
WIDTH = 512


class StyleHead(nn.Module):
    """One layer's code: 3x3 convolutions of stride 2 with leaky rectifiers down to a single place, then a linear layer.

    Source: pSp, Richardson et al. 2021 (code).
    Shapes: [B 512 side side] -> [B 512].
    """

    def __init__(self, side: int):
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(int(math.log2(side))):
            layers += [nn.Conv2d(WIDTH, WIDTH, 3, stride=2, padding=1), nn.LeakyReLU()]
        self.convs = nn.Sequential(*layers)
        self.linear = EqualLinear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.convs(x).flatten(1))


class PSP(nn.Module):
    """IR-SE50 without its head, a feature pyramid over three of its maps, and one head for each layer's code.

    p2 = up(c3) + conv1x1(c2),  p1 = up(p2) + conv1x1(c1), up bilinear with aligned corners; the generator's average
    code is added by the caller. Names are those of the published encoder.

    Source: pSp, Richardson et al. 2021 (code); spec §7.2.
    Shapes: [B 3 256 256] in [-1, 1] -> [B styles 512].
    Raises: ValueError for images of another side.
    """

    def __init__(self, styles: int):
        super().__init__()
        self.input_layer = nn.Sequential(nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64))
        units = []
        for channels, depth, count in STAGES_50:
            units.append(Unit(channels, depth, 2))
            units += [Unit(depth, depth, 1) for _ in range(count - 1)]
        self.body = nn.Sequential(*units)
        sides = [16 if style < COARSE else 32 if style < MIDDLE else 64 for style in range(styles)]
        self.styles = nn.ModuleList(StyleHead(side) for side in sides)
        self.latlayer1 = nn.Conv2d(256, WIDTH, 1)
        self.latlayer2 = nn.Conv2d(128, WIDTH, 1)

    def forward(self, images: Tensor) -> Tensor:
        if images.shape[2:] != (SIZE_PX, SIZE_PX):
            raise ValueError(f"pSp: expected images of {SIZE_PX} px, came {tuple(images.shape[2:])}")
        x, maps = self.input_layer(images), []
        for place, unit in enumerate(self.body):
            x = unit(x)
            if place in TAPS:
                maps.append(x)
        fine, middle, coarse = maps
        second = grown(coarse, middle) + self.latlayer1(middle)
        first = grown(second, fine) + self.latlayer2(fine)
        read = [coarse if s < COARSE else second if s < MIDDLE else first for s in range(len(self.styles))]
        return torch.stack([head(x) for head, x in zip(self.styles, read, strict=True)], dim=1)


def grown(x: Tensor, like: Tensor) -> Tensor:
    """x at the side of `like`, bilinear with aligned corners."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=True)
