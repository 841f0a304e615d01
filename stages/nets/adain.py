"""Adaptive normalisation around batch norm, steered by a vector, and the convolution block made of it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AdaptiveNorm(nn.Module):
    """out = (1 + gamma) BN(x) + beta, with gamma and beta from a vector, constant over space.

    h = LReLU(linear(v));  [gamma, beta] = linear(h).  BN has no affine parameters.

    Source: GANSeg supp §B.3 (batch norm, not instance norm); the shared hidden layer: code.
    Shapes: x [B C H W], vector [B V] -> [B C H W].
    """

    def __init__(self, channels: int, vector: int, hidden: int, slope: float):
        super().__init__()
        self.slope = slope
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Linear(vector, hidden)
        self.heads = nn.Linear(hidden, 2 * channels)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        gamma, beta = self.heads(F.leaky_relu(self.shared(vector), self.slope))[:, :, None, None].chunk(2, 1)
        norm = self.norm(x)
        return torch.addcmul(norm + beta, gamma, norm)


class AdaptiveBlock(nn.Module):
    """conv3(LReLU(AdaIN(x, v))), without a shortcut.

    Source: GANSeg supp §B.3, figure 2 bottom.
    Shapes: x [B C H W], vector [B V] -> [B out H W].
    """

    def __init__(self, channels: int, out: int, vector: int, hidden: int, slope: float):
        super().__init__()
        self.slope = slope
        self.norm = AdaptiveNorm(channels, vector, hidden, slope)
        self.conv = nn.Conv2d(channels, out, 3, padding=1)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        return self.conv(F.leaky_relu(self.norm(x, vector), self.slope))
