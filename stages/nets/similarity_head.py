"""The learned heads of LSeSim: two 1x1 convolutions over each layer of a frozen trunk."""

from collections.abc import Sequence

from torch import Tensor, nn

LEAST = 32  # channels of a head at least
SHARE = 4  # a head has a quarter of its layer's channels


class SimilarityHead(nn.Module):
    """For each layer Conv1x1(C -> max(32, C / 4)), ReLU, Conv1x1(same); weights N(0, 0.02), zero biases.

    Source: F/LSeSim (code; spec 3.5).
    Shapes: for each layer [B C H W] -> [B max(32, C // 4) H W].
    Raises: ValueError for maps of another number of layers.
    """

    def __init__(self, channels: Sequence[int]):
        super().__init__()
        self.layers = nn.ModuleList()
        for count in channels:
            width = max(LEAST, count // SHARE)
            self.layers.append(nn.Sequential(nn.Conv2d(count, width, 1), nn.ReLU(), nn.Conv2d(width, width, 1)))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, 0.0, 0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        if len(maps) != len(self.layers):
            raise ValueError(f"expected features of {len(self.layers)} layers, came {len(maps)}")
        return [layer(features) for layer, features in zip(self.layers, maps, strict=True)]
