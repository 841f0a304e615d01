"""Residual networks (18, 34, 50) under torchvision's parameter names, of any width: classifiers and feature trunks."""

from torch import Tensor, nn

from stages.nets.projection import Projection


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: relu(bn(conv(relu(bn(conv(x))))) + shortcut(x)).

    Source: He et al. 2016, figure 5 left; names as in torchvision.
    Shapes: [B C H W] -> [B width H/stride W/stride].
    """

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = shortcut(channels, width, stride)

    def forward(self, x: Tensor) -> Tensor:
        h = self.relu(self.bn1(self.conv1(x)))
        h = self.bn2(self.conv2(h))
        return self.relu(h + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1 down, 3x3 (which carries the stride), 1x1 up to four times the width, beside a shortcut.

    Source: He et al. 2016, figure 5 right, with the stride at the 3x3 convolution as in torchvision ("v1.5").
    Shapes: [B C H W] -> [B 4*width H/stride W/stride].
    """

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(channels, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        h = self.relu(self.bn1(self.conv1(x)))
        h = self.relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return self.relu(h + (x if self.downsample is None else self.downsample(x)))


def shortcut(channels: int, out: int, stride: int) -> nn.Module | None:
    """A 1x1 projection where the shape changes, nothing where it does not."""
    if stride == 1 and channels == out:
        return None
    return nn.Sequential(Projection(channels, out, stride), nn.BatchNorm2d(out))


# resnet10 is no torchvision name: one block a stage, for drawn images.
DEPTHS = {
    "resnet10": (BasicBlock, (1, 1, 1, 1)),
    "resnet18": (BasicBlock, (2, 2, 2, 2)),
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet50": (Bottleneck, (3, 4, 6, 3)),
}


class ResNet(nn.Module):
    """A residual network of four stages at strides s, 2s, 4s and 8s.

    Source: He et al. 2016, table 1. `stem` "imagenet" is the published 7x7 stride 2 and max pool (s = 4), "small" one
    3x3 of stride 2 (s = 2) for images of 32 to 64 px. `classes` None leaves the classifier out.
    Shapes: x [B 3 H W]; feature_maps: four maps of width * (1, 2, 4, 8) * expansion channels; embed: the last's mean.
    Raises: ValueError for an unknown depth or stem.
    """

    layer1: nn.Sequential
    layer2: nn.Sequential
    layer3: nn.Sequential
    layer4: nn.Sequential

    def __init__(self, depth: str, width: int, stem: str, classes: int | None):
        super().__init__()
        if depth not in DEPTHS:
            raise ValueError(f"expected a residual network out of {sorted(DEPTHS)}, got {depth!r}")
        if stem not in ("imagenet", "small"):
            raise ValueError(f"expected the stem to be imagenet or small, got {stem!r}")
        block, counts = DEPTHS[depth]
        kernel = 7 if stem == "imagenet" else 3
        self.conv1 = nn.Conv2d(3, width, kernel, 2, kernel // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if stem == "imagenet" else nn.Identity()
        channels = width
        self.channels = []
        for stage, count in enumerate(counts):
            units = []
            for unit in range(count):
                units.append(block(channels, width * 2**stage, 2 if stage > 0 and unit == 0 else 1))
                channels = width * 2**stage * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*units))
            self.channels.append(channels)
        self.fc = None if classes is None else nn.Linear(channels, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, BasicBlock | Bottleneck):
                # Each block begins as its shortcut (Goyal et al. 2017), which short trainings need.
                last = module.bn2 if isinstance(module, BasicBlock) else module.bn3
                nn.init.zeros_(last.weight)

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        h = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        maps = []
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            h = stage(h)
            maps.append(h)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if self.fc is None:
            raise ValueError("this residual network was built without a classifier; give it a number of classes")
        return self.fc(self.embed(x))
