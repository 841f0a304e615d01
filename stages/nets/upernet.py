"""UPerNet on a deep-stem ResNet-101, which labels scenes of ADE20K, under the names of the two published files."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.trunks.resnet import Bottleneck

# Of the published files.
CLASSES, WIDTH = 150, 64
# Of RGB values in [0, 1].
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MULTIPLE = 32
SHORT_SIDES, LONGEST_SIDE = (300, 375, 450, 525, 600), 1000
POOLS = (1, 2, 3, 6)
COUNTS = (3, 4, 23, 3)


class DeepStemResNet(nn.Module):
    """ResNet-101 whose stem is three 3x3 convolutions (the first of stride 2) and a max pool; no classifier.

    Source: Zhou et al. 2018; code (CSAILVision, resnet101). Not torchvision's network.
    Shapes: x [B 3 H W] -> four maps of width * (4, 8, 16, 32) channels at strides 4, 8, 16, 32.
    """

    def __init__(self, width: int):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 2 * width, 3, 1, 1, bias=False), nn.BatchNorm2d(2 * width)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels = 2 * width
        for level, count in enumerate(COUNTS):
            blocks: list[nn.Module] = []
            for number in range(count):
                blocks.append(Bottleneck(channels, width * 2**level, 2 if level and not number else 1))
                channels = width * 2**level * Bottleneck.expansion
            setattr(self, f"layer{level + 1}", nn.Sequential(*blocks))

    def forward(self, x: Tensor) -> list[Tensor]:
        for conv, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
            x = F.relu(norm(conv(x)))
        x, maps = self.maxpool(x), []
        for level in range(1, 5):
            x = self.get_submodule(f"layer{level}")(x)
            maps.append(x)
        return maps


class PyramidDecoder(nn.Module):
    """Pooled context of the last map, then a feature pyramid, joined at stride 4; logits of classes.

    Context: means over 1, 2, 3 and 6 cells a side, spread bilinearly, 1x1; joined with the map, 3x3. Pyramid: from the
    top, each level is its 1x1 lateral plus the level above, spread; a 3x3 on each; all at stride 4, joined, 3x3, 1x1.

    Source: Xiao et al. 2018, figure 4; code (CSAILVision, upernet, fpn_dim 512 = 8 x width).
    Shapes: four maps of width * (4, 8, 16, 32) channels -> [B classes H/4 W/4].
    """

    def __init__(self, classes: int, width: int):
        super().__init__()
        lower, top, inner = (4 * width, 8 * width, 16 * width), 32 * width, 8 * width
        self.ppm_conv = nn.ModuleList(_unit(top, inner, 1) for _ in POOLS)
        self.ppm_last_conv = _unit(top + len(POOLS) * inner, inner, 3)
        self.fpn_in = nn.ModuleList(_unit(channels, inner, 1) for channels in lower)
        self.fpn_out = nn.ModuleList(nn.Sequential(_unit(inner, inner, 3)) for _ in lower)
        self.conv_last = nn.Sequential(_unit(4 * inner, inner, 3), nn.Conv2d(inner, classes, 1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        top = maps[-1]
        pooled = [_spread(F.adaptive_avg_pool2d(top, cells), top) for cells in POOLS]
        context = [conv(mean) for conv, mean in zip(self.ppm_conv, pooled, strict=True)]
        above = self.ppm_last_conv(torch.cat([top, *context], 1))
        levels = [above]
        for number in reversed(range(len(maps) - 1)):
            lateral = self.fpn_in[number](maps[number])
            above = lateral + _spread(above, lateral)
            levels.insert(0, self.fpn_out[number](above))
        return self.conv_last(torch.cat([_spread(level, levels[0]) for level in levels], 1))


class UPerNet(nn.Module):
    """Log-probabilities of classes at the size of the images; `encoder` and `decoder` are the two published files.

    Images whose sides are no multiples of 32 are stretched to the next ones, bilinear.

    Shapes: x [B 3 H W], normalised, of any sides -> [B classes H W].
    """

    def __init__(self, classes: int, width: int):
        super().__init__()
        self.encoder, self.decoder = DeepStemResNet(width), PyramidDecoder(classes, width)

    def forward(self, x: Tensor) -> Tensor:
        ready = stretched(x, upwards(x.shape[2]), upwards(x.shape[3]))
        return _spread(self.decoder(self.encoder(ready)), x).log_softmax(1)

    def over_scales(self, x: Tensor, short_sides: Sequence[int] = SHORT_SIDES) -> Tensor:
        """The mean probability over versions of the images with these short sides; none is longer than 1000 px.

        Source: code (CSAILVision, config of ade20k-resnet101-upernet).    Shapes: as forward, probabilities.
        """
        total = x.new_zeros(())
        for side in short_sides:
            logits = self.decoder(self.encoder(stretched(x, *sizes_for_test(x.shape[2], x.shape[3], side))))
            total = total + _spread(logits, x).softmax(1) / len(short_sides)
        return total


def sizes_for_test(height: int, width: int, short_side: int) -> tuple[int, int]:
    """The sides that an image is tested with: its short side as told, the long one at most 1000, then up to 32s."""
    scale = min(short_side / min(height, width), LONGEST_SIDE / max(height, width))
    return upwards(int(height * scale)), upwards(int(width * scale))


def upwards(side: int) -> int:
    """The next multiple of 32, or the side itself."""
    return -(-side // MULTIPLE) * MULTIPLE


def stretched(x: Tensor, height: int, width: int) -> Tensor:
    """x at these sides, bilinear, averaged where it shrinks."""
    if x.shape[2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bilinear", align_corners=False, antialias=True)


def _spread(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="bilinear", align_corners=False)


def _unit(channels: int, out: int, kernel: int) -> nn.Sequential:
    conv = nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU(inplace=True))
