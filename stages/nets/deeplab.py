"""DeepLabV3 on a residual trunk, under torchvision's parameter names, of any width."""

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.trunks.resnet import BasicBlock, Bottleneck, ResNet


def dilate(stage: nn.Sequential, before: int, rate: int) -> None:
    """Takes the stride out of a residual stage and spreads its 3x3 kernels instead, so that its reach stays.

    The first block keeps the rate of the stage before, as in torchvision. Parameters are untouched.
    """
    for number, module in enumerate(stage):
        block = cast(BasicBlock | Bottleneck, module)
        convs = (block.conv1, block.conv2) if isinstance(block, BasicBlock) else (block.conv2,)
        for conv in convs:
            spread = before if number == 0 else rate
            conv.stride, conv.dilation, conv.padding = (1, 1), (spread, spread), (spread, spread)
        if block.downsample is not None:
            cast(nn.Conv2d, cast(nn.Sequential, block.downsample)[0]).stride = (1, 1)


class Pooled(nn.Sequential):
    """The image-level branch: global mean, 1x1 convolution, batch norm, rectifier, spread over the map again.

    Shapes: [B C H W] -> [B width H W].
    """

    def __init__(self, channels: int, width: int):
        layers = (nn.Conv2d(channels, width, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        super().__init__(nn.AdaptiveAvgPool2d(1), *layers)

    def forward(self, input: Tensor) -> Tensor:
        return super().forward(input).expand(-1, -1, *input.shape[2:])


class Pyramid(nn.Module):
    """Atrous spatial pyramid: a 1x1 and dilated 3x3 convolutions and the image level, joined and projected.

    Source: Chen et al. 2017, §3.3; names as in torchvision.
    Shapes: [B C H W] -> [B width H W].
    """

    def __init__(self, channels: int, rates: tuple[int, ...], width: int, dropout: float):
        super().__init__()
        branches: list[nn.Module] = [_unit(channels, width, 1, 1)]
        branches += [_unit(channels, width, 3, rate) for rate in rates]
        self.convs = nn.ModuleList([*branches, Pooled(channels, width)])
        self.project = _unit(len(self.convs) * width, width, 1, 1)
        self.dropout = dropout

    def forward(self, x: Tensor, keep: Tensor | None) -> Tensor:
        joined = self.project(torch.cat([branch(x) for branch in self.convs], 1))
        return joined if keep is None else joined * (keep >= self.dropout) / (1 - self.dropout)


class DeepLabV3(nn.Module):
    """Per-pixel class logits: dilated residual trunk, pyramid, 3x3, 1x1, bilinear to the input's size.

    The last two stages of the trunk lose their stride (output stride 8 with the usual stem). `uniform` [B hidden h w]
    in [0, 1) draws the pyramid's dropout in training; None leaves it out.

    Source: Chen et al. 2017; torchvision's deeplabv3_resnet50 (code): 39,635,785 parameters for 9 classes.
    Shapes: x [B 3 H W] -> [B classes H W].
    """

    def __init__(
        self, depth: str, width: int, stem: str, rates: tuple[int, ...], hidden: int, dropout: float, classes: int
    ):
        super().__init__()
        self.backbone = ResNet(depth, width, stem, None)
        dilate(self.backbone.layer3, 1, 2)
        dilate(self.backbone.layer4, 2, 4)
        self.hidden, self.stride = hidden, 8 if stem == "imagenet" else 4
        pyramid = Pyramid(self.backbone.channels[-1], rates, hidden, dropout)
        conv = nn.Conv2d(hidden, hidden, 3, padding=1, bias=False)
        tail = (conv, nn.BatchNorm2d(hidden), nn.ReLU(), nn.Conv2d(hidden, classes, 1))
        self.classifier = nn.ModuleList([pyramid, *tail])

    def forward(self, x: Tensor, uniform: Tensor | None = None) -> Tensor:
        h = self.classifier[0](self.backbone.feature_maps(x)[-1], uniform)
        for layer in self.classifier[1:]:
            h = layer(h)
        return F.interpolate(h, x.shape[2:], mode="bilinear", align_corners=False)


def _unit(channels: int, width: int, kernel: int, rate: int) -> nn.Sequential:
    padding = 0 if kernel == 1 else rate
    conv = nn.Conv2d(channels, width, kernel, padding=padding, dilation=rate, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())
