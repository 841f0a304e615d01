"""DRN-D-105, a dilated residual network that labels street scenes, under the published file's names."""

from typing import cast

import torch
from torch import Tensor, nn

from stages.nets.deeplab import dilate
from stages.nets.trunks.resnet import Bottleneck

# Of the published file.
CLASSES, WIDTH = 19, 16
# Of RGB values in [0, 1]. Source: the published network's info.json.
MEAN = (0.29010095, 0.32808144, 0.28696394)
STD = (0.18295406, 0.18656561, 0.18447509)
SHRINK = 8


class DRN(nn.Module):
    """Log-probabilities of classes: three halvings, then dilation by 2 and 4 instead; 1x1 to classes; enlarged.

    Levels, with the published width of 16: conv7 of 16; conv3 of 16; conv3 of 32, stride 2; 3 and 4 bottlenecks of 64
    and 128, stride 2; 23 of 256 dilated by 2; 3 of 512 dilated by 4; conv3 of 512 dilated by 2, and one that is not.
    The eightfold enlargement is a transposed convolution with bilinear weights that do not learn.

    Source: Yu et al. 2017, §3 and figure 5 (D); code (drn_d_105, DRNSeg).
    Shapes: x [B 3 H W], normalised -> [B classes H W]; of any sides: what is made beyond them is cut off.
    """

    def __init__(self, classes: int, width: int):
        super().__init__()
        self.base = nn.Sequential(
            _layer(3, width, 7, 1, 1),
            _layer(width, width, 3, 1, 1),
            _layer(width, 2 * width, 3, 2, 1),
            _bottlenecks(2 * width, 4 * width, 3, 2, 1),
            _bottlenecks(16 * width, 8 * width, 4, 2, 1),
            _bottlenecks(32 * width, 16 * width, 23, 1, 2),
            _bottlenecks(64 * width, 32 * width, 3, 1, 4),
            _layer(128 * width, 32 * width, 3, 1, 2),
            _layer(32 * width, 32 * width, 3, 1, 1),
        )
        self.seg = nn.Conv2d(32 * width, classes, 1)
        self.up = nn.ConvTranspose2d(classes, classes, 2 * SHRINK, SHRINK, SHRINK // 2, groups=classes, bias=False)
        self.up.weight.requires_grad_(False).copy_(bilinear(2 * SHRINK))

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        return self.up(self.seg(self.base(x)))[:, :, :height, :width].log_softmax(1)


def bilinear(size: int) -> Tensor:
    """The kernel that spreads bilinearly by f = size / 2: (1 - |i / f - c|) in both directions, c = 1 - 1 / size.

    Shapes: -> [size size], symmetric.
    """
    half = size / 2
    line = 1 - (torch.arange(size, dtype=torch.float64, device="cpu") / half - (1 - 1 / size)).abs()
    return torch.outer(line, line).float()


def _layer(channels: int, out: int, kernel: int, stride: int, rate: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, stride, rate * (kernel // 2), rate, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True))


def _bottlenecks(channels: int, width: int, count: int, stride: int, rate: int) -> nn.Sequential:
    out = width * Bottleneck.expansion
    blocks = [Bottleneck(channels, width, stride), *(Bottleneck(out, width, 1) for _ in range(count - 1))]
    level = nn.Sequential(*cast(list[nn.Module], blocks))
    if rate > 1:
        # The first block has the full rate too.
        dilate(level, rate, rate)
    return level
