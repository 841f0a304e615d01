"""Networks that are taught here: two identity encoders and the classifier that measures in the demo."""

from torch import Tensor, nn

from stages.nets.trunks.resnet import ResNet


def layer(channels: int, out: int, stride: int) -> nn.Sequential:
    """3x3 convolution, batch norm, leaky relu."""
    return nn.Sequential(
        nn.Conv2d(channels, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out), nn.LeakyReLU(0.2, inplace=True)
    )


class SmallIdentity(nn.Module):
    """Four convolutions of stride 2 and a linear layer.

    Source: ContrasFill spec §3.1 ("Demo: a 4-layer CNN trained with ArcFace loss").
    Shapes: [B 3 size_px size_px] -> [B dimensions]; size_px a multiple of 16.
    """

    def __init__(self, width: int, dimensions: int, size_px: int):
        super().__init__()
        if size_px % 16:
            raise ValueError(f"expected size_px to be a multiple of 16 for the small identity encoder, got {size_px}")
        widths = (3, width, 2 * width, 4 * width, 4 * width)
        self.layers = nn.Sequential(*(layer(widths[i], widths[i + 1], 2) for i in range(4)))
        self.head = nn.Linear(4 * width * (size_px // 16) ** 2, dimensions)
        self.norm = nn.BatchNorm1d(dimensions)

    def embed(self, x: Tensor) -> Tensor:
        return self.norm(self.head(self.layers(x).flatten(1)))


class ResNetIdentity(nn.Module):
    """A residual network, a linear layer and batch norm: another architecture for the independent identity encoder.

    Source: ours (gap G12; spec §3 asks for another architecture or seed).
    Shapes: [B 3 H W] -> [B dimensions].
    """

    def __init__(self, trunk: str, width: int, stem: str, dimensions: int):
        super().__init__()
        self.trunk = ResNet(trunk, width, stem, None)
        self.head = nn.Linear(self.trunk.channels[-1], dimensions)
        self.norm = nn.BatchNorm1d(dimensions)

    def embed(self, x: Tensor) -> Tensor:
        return self.norm(self.head(self.trunk.embed(x)))


class DemoClassifier(nn.Module):
    """Four plain convolutions at strides 1, 2, 4, 8 and a softmax over the labels of several sets.

    Source: ours (spec §8.1 asks for a stand-in that is never called FID); no known-factor encoder is built like it.
    Shapes: [B 3 H W]; feature_maps: four maps of width * (1, 2, 4, 4) channels; embed: [B 4*width]; forward: logits.
    """

    def __init__(self, width: int, classes: int):
        super().__init__()
        widths = (3, width, 2 * width, 4 * width, 4 * width)
        strides = (1, 2, 2, 2)
        self.layers = nn.ModuleList(layer(widths[i], widths[i + 1], strides[i]) for i in range(4))
        self.head = nn.Linear(4 * width, classes)

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        maps = []
        for stage in self.layers:
            x = stage(x)
            maps.append(x)
        return maps

    def embed(self, x: Tensor) -> Tensor:
        return self.feature_maps(x)[-1].mean(dim=(2, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.embed(x))
