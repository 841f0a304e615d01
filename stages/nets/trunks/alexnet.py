"""AlexNet ("one weird trick") under torchvision's parameter names."""

from torch import Tensor, nn


class AlexNet(nn.Module):
    """Five convolutions and three dense layers.

    Source: Krizhevsky 2014, the single-column form; names as in torchvision.
    Shapes: x [B 3 H W], H and W at least 63; feature_maps: the five maps after each relu; embed: [B 256], the mean of
    the last of them.
    """

    def __init__(self, classes: int):
        super().__init__()

        def relu() -> nn.Module:
            return nn.ReLU()

        self.features = nn.Sequential(
            nn.Conv2d(3, 64, 11, 4, 2), relu(), nn.MaxPool2d(3, 2),
            nn.Conv2d(64, 192, 5, padding=2), relu(), nn.MaxPool2d(3, 2),
            nn.Conv2d(192, 384, 3, padding=1), relu(),
            nn.Conv2d(384, 256, 3, padding=1), relu(),
            nn.Conv2d(256, 256, 3, padding=1), relu(), nn.MaxPool2d(3, 2),
        )  # fmt: skip
        self.avgpool = nn.AdaptiveAvgPool2d(6)
        # Places 0 and 3 are the published dropouts, which an evaluated network does not use.
        self.classifier = nn.Sequential(
            nn.Identity(), nn.Linear(256 * 6 * 6, 4096), relu(),
            nn.Identity(), nn.Linear(4096, 4096), relu(),
            nn.Linear(4096, classes),
        )  # fmt: skip

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        maps = []
        for layer in self.features:
            x = layer(x)
            if isinstance(layer, nn.ReLU):
                maps.append(x)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))
