"""VGG-16 and VGG-19 (without batch norm) under torchvision's parameter names."""

from torch import Tensor, nn

# convolutions of each of the five resolutions, and their width
COUNTS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Stacks of 3x3 convolutions, halved by max pools, and three dense layers.

    Source: Simonyan & Zisserman 2015, table 1, columns D and E. `classes` None leaves the dense layers (119 million of
    138 million parameters) out.
    Shapes: x [B 3 H W]; feature_maps: the last map after relu of each resolution; embed: [B 512], the last one's mean.
    Raises: ValueError for another depth.
    """

    def __init__(self, depth: str, classes: int | None):
        super().__init__()
        if depth not in COUNTS:
            raise ValueError(f"expected one of {sorted(COUNTS)}, got {depth!r}")
        layers: list[nn.Module] = []
        channels = 3
        for count, width in zip(COUNTS[depth], WIDTHS, strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.classifier = None
        if classes is not None:
            self.avgpool = nn.AdaptiveAvgPool2d(7)
            # Places 2 and 5 are the published dropouts, which an evaluated network does not use.
            self.classifier = nn.Sequential(
                nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Identity(),
                nn.Linear(4096, 4096), nn.ReLU(), nn.Identity(),
                nn.Linear(4096, classes),
            )  # fmt: skip

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if self.classifier is None:
            raise ValueError("this VGG was built without its dense layers; give it a number of classes")
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
