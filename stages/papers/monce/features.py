"""Maps of a frozen VGG, whose gradients reach the pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from stages.nets.encoders.load import load_encoder
from stages.nets.trunks.vgg import VGG

# Of values in [0, 1], as ImageNet's networks are taught.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Features(nn.Module):
    """The outputs of chosen rectifiers, of pictures in [-1, 1], taken as they are or on ImageNet's scale.

    Source: code (SPADE: as they are; F-LSeSim: ImageNet's scale), spec §3.5, §3.8.
    Shapes: [B 3 R R] -> a list of [B C H W], float32.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, net: VGG, names: Sequence[str], normalise: bool):
        super().__init__()
        self.net, self.names, self.normalise = net, tuple(names), normalise
        self.register_buffer("mean", torch.tensor(MEAN)[:, None, None], persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION)[:, None, None], persistent=False)
        self.requires_grad_(False)
        super().train(False)

    def train(self, mode: bool = True) -> "Features":
        """Stays in evaluation mode."""
        return self

    def forward(self, images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, enabled=False):
            x = images.float()
            if self.normalise:
                x = ((x + 1) / 2 - self.mean) / self.deviation
            return self.net.maps(x, self.names)

    def widths(self) -> list[int]:
        """The channels of the maps."""
        return self.net.channels(self.names)


def features_of(folder: Path, names: Sequence[str], normalise: bool) -> Features:
    """The chosen maps of an encoder folder that holds a VGG. Raises: ValueError for another network."""
    net = load_encoder(folder).net
    if not isinstance(net, VGG):
        raise ValueError(f"{folder}: expected a VGG, whose rectifiers have names, came {type(net).__name__}")
    return Features(cast(VGG, net), names, normalise)
