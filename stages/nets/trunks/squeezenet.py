"""SqueezeNet 1.0 and 1.1 under torchvision's parameter names."""

import torch
from torch import Tensor, nn


class Fire(nn.Module):
    """A 1x1 squeeze, then 1x1 and 3x3 expansions side by side: concat(relu(e1(s)), relu(e3(s))), s = relu(squeeze(x)).

    Source: Iandola et al. 2016, figure 1.
    Shapes: [B C H W] -> [B 2*expand H W].
    """

    def __init__(self, channels: int, squeeze: int, expand: int):
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        s = self.relu(self.squeeze(x))
        return torch.cat([self.relu(self.expand1x1(s)), self.relu(self.expand3x3(s))], dim=1)


# (squeeze, expand) of fires 2 to 9; P is a 3x3 max pool of stride 2 that keeps partial windows.
P = None
FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))
LAYOUTS = {
    "squeezenet1_0": (96, 7, (P, *FIRES[:3], P, *FIRES[3:7], P, FIRES[7])),
    "squeezenet1_1": (64, 3, (P, *FIRES[:2], P, *FIRES[2:4], P, *FIRES[4:])),
}


class SqueezeNet(nn.Module):
    """SqueezeNet as classifier and feature extractor.

    Source: Iandola et al. 2016, table 1 (1.0) and the authors' later 1.1.
    Shapes: x [B 3 H W]; feature_maps: the map before each pool and the last; embed: [B 512], the mean of the last map.
    Raises: ValueError for another version.
    """

    def __init__(self, version: str, classes: int):
        super().__init__()
        if version not in LAYOUTS:
            raise ValueError(f"expected one of {sorted(LAYOUTS)}, got {version!r}")
        channels, kernel, layout = LAYOUTS[version]
        layers: list[nn.Module] = [nn.Conv2d(3, channels, kernel, 2), nn.ReLU(inplace=True)]
        for fire in layout:
            if fire is P:
                layers.append(nn.MaxPool2d(3, 2, ceil_mode=True))
            else:
                layers.append(Fire(channels, *fire))
                channels = 2 * fire[1]
        self.features = nn.Sequential(*layers)
        # Place 0 is the published dropout, which an evaluated network does not use.
        self.classifier = nn.Sequential(nn.Identity(), nn.Conv2d(channels, classes, 1), nn.ReLU(inplace=True))

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                maps.append(x)
            x = layer(x)
        return [*maps, x]

    def embed(self, x: Tensor) -> Tensor:
        return self.features(x).mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x)).mean(dim=(2, 3))
