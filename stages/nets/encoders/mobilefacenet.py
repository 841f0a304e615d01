"""MobileFaceNet, an identity encoder of one million parameters, under the names of the public PyTorch weight file."""

from torch import Tensor, nn

# (expansion, channels, units, stride of the first unit)
STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


def convolution(channels: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm, relu clipped at 6."""
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
        nn.ReLU6(),
    )


class Separable(nn.Module):
    """A depthwise 3x3 and a pointwise convolution, each with batch norm and relu.

    Source: Chen et al. 2018, table 1, second row; the weight file's convention has plain relu here.
    Shapes: [B C H W] -> [B C H W].
    """

    def __init__(self, channels: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
        self.pointwise = nn.Conv2d(channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.pointwise(self.bn1(self.depthwise(x)).relu())).relu()


class InvertedResidual(nn.Module):
    """Pointwise up, depthwise 3x3, pointwise down without activation; added to x where the shape stays.

    Source: Sandler et al. 2018; Chen et al. 2018, table 1.
    Shapes: [B channels H W] -> [B out H/stride W/stride].
    """

    def __init__(self, channels: int, out: int, stride: int, expansion: int):
        super().__init__()
        hidden = channels * expansion
        self.residual = stride == 1 and channels == out
        self.conv = nn.Sequential(
            convolution(channels, hidden, 1),
            convolution(hidden, hidden, 3, stride, hidden),
            nn.Conv2d(hidden, out, 1, bias=False),
            nn.BatchNorm2d(out),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class GlobalDepthwise(nn.Module):
    """One learned weight for each channel and place of the 7x7 map, then batch norm.

    Source: Chen et al. 2018, §3.2 (global depthwise convolution).
    Shapes: [B C 7 7] -> [B C 1 1].
    """

    def __init__(self, channels: int):
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 7, groups=channels, bias=False)
        self.bn = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn(self.depthwise(x))


class MobileFaceNet(nn.Module):
    """An identity feature of 128 numbers for an aligned face; not normalised, since losses and metrics take cosines.

    Source: Chen et al. 2018, table 1; settled point 27.
    Shapes: [B 3 112 112] -> [B 128].
    """

    def __init__(self):
        super().__init__()
        self.conv1 = convolution(3, 64, 3, 2)
        self.dw_conv = Separable(64)
        units = []
        channels = 64
        for expansion, out, count, stride in STAGES:
            for unit in range(count):
                units.append(InvertedResidual(channels, out, stride if unit == 0 else 1, expansion))
                channels = out
        self.features = nn.Sequential(*units)
        self.conv2 = convolution(128, 512, 1)
        self.gdconv = GlobalDepthwise(512)
        self.conv3 = nn.Conv2d(512, 128, 1)
        self.bn = nn.BatchNorm2d(128)

    def embed(self, x: Tensor) -> Tensor:
        h = self.conv2(self.features(self.dw_conv(self.conv1(x))))
        return self.bn(self.conv3(self.gdconv(h))).flatten(1)
