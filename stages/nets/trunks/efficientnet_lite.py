"""EfficientNet-Lite0 under timm's parameter names (tf_efficientnet_lite0), with TensorFlow's padding."""

import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-3  # TensorFlow's, of every batch norm
STEM = 32
HEAD = 1280
# (expansion, kernel, stride of the first unit, channels, units) of blocks.0 to blocks.6
STAGES = (
    (1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3), (6, 5, 2, 192, 4), (6, 3, 1, 320, 1),
)  # fmt: skip
# The stages whose outputs are the maps at strides 4, 8, 16 and 32, each the last of its side.
MAPS = (1, 2, 4, 6)


class SameConv(nn.Conv2d):
    """A convolution whose output has ceil(side / stride), with the odd pixel of padding right and below.

    Source: TensorFlow's padding "SAME".
    Shapes: [B C H W] -> [B out ceil(H/stride) ceil(W/stride)].
    """

    def forward(self, input: Tensor) -> Tensor:
        (kernel, _), (stride, _) = self.kernel_size, self.stride
        down, across = (max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in input.shape[2:])
        x = F.pad(input, (across // 2, across - across // 2, down // 2, down - down // 2))
        return F.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


def norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm with TensorFlow's epsilon."""
    return nn.BatchNorm2d(channels, eps=EPSILON)


class DepthwiseSeparable(nn.Module):
    """Depthwise convolution, batch norm, relu clipped at 6; pointwise convolution, batch norm: no shortcut here.

    Source: Tan & Le 2019 without squeeze-excite and with relu6 ("lite", public code); names as in timm.
    Shapes: [B channels H W] -> [B out H W].
    """

    def __init__(self, channels: int, out: int, kernel: int):
        super().__init__()
        self.conv_dw = SameConv(channels, channels, kernel, groups=channels, bias=False)
        self.bn1 = norm(channels)
        self.conv_pw = nn.Conv2d(channels, out, 1, bias=False)
        self.bn2 = norm(out)

    def forward(self, x: Tensor) -> Tensor:
        return self.bn2(self.conv_pw(F.relu6(self.bn1(self.conv_dw(x)))))


class InvertedResidual(nn.Module):
    """Pointwise up, depthwise, pointwise down without activation; added to x where the shape stays.

    Source: Sandler et al. 2018; Tan & Le 2019 ("lite", public code); names as in timm.
    Shapes: [B channels H W] -> [B out ceil(H/stride) ceil(W/stride)].
    """

    def __init__(self, channels: int, out: int, expansion: int, kernel: int, stride: int):
        super().__init__()
        hidden = channels * expansion
        self.residual = stride == 1 and channels == out
        self.conv_pw = nn.Conv2d(channels, hidden, 1, bias=False)
        self.bn1 = norm(hidden)
        self.conv_dw = SameConv(hidden, hidden, kernel, stride, groups=hidden, bias=False)
        self.bn2 = norm(hidden)
        self.conv_pwl = nn.Conv2d(hidden, out, 1, bias=False)
        self.bn3 = norm(out)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu6(self.bn1(self.conv_pw(x)))
        h = F.relu6(self.bn2(self.conv_dw(h)))
        h = self.bn3(self.conv_pwl(h))
        return x + h if self.residual else h


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite0 as feature extractor and, with `classes`, as classifier.

    Source: Tan & Le 2019, table 1, and the public code's "lite0"; settled 14 (4,652,008 parameters, 2,958,848 without).
    Shapes: x [B 3 H W]; feature_maps: 24, 40, 112 and 320 channels at strides 4, 8, 16 and 32; embed: [B 320], the mean
    of the last map; forward: logits [B classes].
    """

    def __init__(self, classes: int | None):
        super().__init__()
        self.conv_stem = SameConv(3, STEM, 3, 2, bias=False)
        self.bn1 = norm(STEM)
        stages, channels = [], STEM
        for expansion, kernel, stride, out, count in STAGES:
            units: list[nn.Module] = []
            for unit in range(count):
                if expansion == 1:
                    units.append(DepthwiseSeparable(channels, out, kernel))
                else:
                    units.append(InvertedResidual(channels, out, expansion, kernel, stride if unit == 0 else 1))
                channels = out
            stages.append(nn.Sequential(*units))
        self.blocks = nn.Sequential(*stages)
        self.conv_head = self.bn2 = self.classifier = None
        if classes is not None:
            self.conv_head, self.bn2 = nn.Conv2d(channels, HEAD, 1, bias=False), norm(HEAD)
            self.classifier = nn.Linear(HEAD, classes)

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        h = F.relu6(self.bn1(self.conv_stem(x)))
        maps = []
        for number, stage in enumerate(self.blocks):
            h = stage(h)
            if number in MAPS:
                maps.append(h)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if self.conv_head is None or self.bn2 is None or self.classifier is None:
            raise ValueError("this EfficientNet-Lite0 was built without a classifier; give it a number of classes")
        h = F.relu6(self.bn2(self.conv_head(self.feature_maps(x)[-1])))
        return self.classifier(h.mean(dim=(2, 3)))
