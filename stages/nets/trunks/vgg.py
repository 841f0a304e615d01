"""VGG-16 and VGG-19 (without batch norm) under torchvision's parameter names, and a small network of the same build."""

from collections.abc import Sequence

from torch import Tensor, nn

from stages.nets.kaiming import kaiming

# convolutions of each of the five resolutions, and their widths
COUNTS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4), "vgg_small": (2, 2, 3, 3, 2)}
WIDTHS = {"vgg_small": (16, 32, 64, 64, 64)}
PUBLISHED_WIDTHS = (64, 128, 256, 512, 512)


class VGG(nn.Module):
    """Stacks of 3x3 convolutions, halved by max pools, and three dense layers.

    Source: Simonyan & Zisserman 2015, table 1, columns D and E. `classes` None leaves the dense layers (119 million of
    138 million parameters) out. "vgg_small" is ours, for drawn images: its one dense layer reads the mean of the last
    map, and its weights start as He et al. 2015 have it, by which twelve layers learn within tens of steps.
    Shapes: x [B 3 H W]; feature_maps: the last map after relu of each resolution; embed: [B 512], the last one's mean.
    Raises: ValueError for another depth.
    """

    def __init__(self, depth: str, classes: int | None):
        super().__init__()
        if depth not in COUNTS:
            raise ValueError(f"expected one of {sorted(COUNTS)}, got {depth!r}")
        self.depth = depth
        layers: list[nn.Module] = []
        channels = 3
        for count, width in zip(COUNTS[depth], WIDTHS.get(depth, PUBLISHED_WIDTHS), strict=True):
            for _ in range(count):
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
                channels = width
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.classifier = None
        if classes is not None and depth in WIDTHS:
            self.classifier = nn.Linear(channels, classes)
        elif classes is not None:
            self.avgpool = nn.AdaptiveAvgPool2d(7)
            # Places 2 and 5 are the published dropouts, which an evaluated network does not use.
            self.classifier = nn.Sequential(
                nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Identity(),
                nn.Linear(4096, 4096), nn.ReLU(), nn.Identity(),
                nn.Linear(4096, classes),
            )  # fmt: skip
        if depth in WIDTHS:
            kaiming(self, 0.0)

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        return maps

    def maps(self, x: Tensor, names: Sequence[str]) -> list[Tensor]:
        """The outputs of the rectifiers of these names, in their order; nothing behind the last one is computed.

        relu3_1 is that of the first convolution of the third resolution.
        Raises: ValueError for a name that this depth does not have.
        """
        places, found = self._rectifiers(names), {}
        for place, layer in enumerate(self.features[: max(places, default=-1) + 1]):
            x = layer(x)
            if place in places:
                found[place] = x
        return [found[place] for place in places]

    def channels(self, names: Sequence[str]) -> list[int]:
        """The channels of the maps of these names. Raises: ValueError for a name that this depth does not have."""
        convolutions = [self.features[place - 1] for place in self._rectifiers(names)]
        return [layer.out_channels for layer in convolutions if isinstance(layer, nn.Conv2d)]

    def _rectifiers(self, names: Sequence[str]) -> list[int]:
        """The places of these rectifiers among `features`."""
        places: dict[str, int] = {}
        place = 0
        for block, count in enumerate(COUNTS[self.depth], 1):
            for number in range(1, count + 1):
                places[f"relu{block}_{number}"] = place + 1
                place += 2
            place += 1
        unknown = [name for name in names if name not in places]
        if unknown:
            raise ValueError(f"{self.depth} has no {', '.join(unknown)}; expected names out of {', '.join(places)}")
        return [places[name] for name in names]

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        if self.classifier is None:
            raise ValueError("this VGG was built without its dense layers; give it a number of classes")
        if self.depth in WIDTHS:
            return self.classifier(self.embed(x))
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
