"""The mapping network from a normal code to the code that steers the layers."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from stages.nets.stylegan.equal import EqualLinear

EPSILON = 1e-8  # StyleGAN2 (code)


class Mapping(nn.Module):
    """Pixel norm, then fully connected layers with leaky rectifiers and a small learning rate.

    x = z / sqrt(mean(z^2) + 1e-8);  x = sqrt(2) lrelu(x W^T + b), `layers` times.

    Source: supp §1 through StyleGAN2 (code); CoModGAN (code).
    Shapes: z [B inputs] -> w [B size]; inputs = size where nothing else is said.
    """

    def __init__(self, size: int, layers: int, rate: float, inputs: int | None = None):
        super().__init__()
        widths = [size if inputs is None else inputs, *[size] * layers]
        self.layers = nn.Sequential(*(EqualLinear(a, b, rate=rate, activated=True) for a, b in pairwise(widths)))

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z * (z.square().mean(1, keepdim=True) + EPSILON).rsqrt())
