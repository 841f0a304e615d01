"""Spatially adaptive normalisation around batch norm, and the residual block made of it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Spade(nn.Module):
    """out = (1 + gamma) BN(x) + beta, with gamma and beta from a style map of the same resolution.

    h = LReLU(conv3(style));  [gamma, beta] = conv3(h).  BN has no affine parameters.

    Source: GANSeg supp §B.2, figure 2 top; leaky slope and width of h: code. Unlike Park et al. 2019 the rectifier is
    leaky and the norm is batch norm.
    Shapes: x [B C H W], style [B S H W] -> [B C H W].
    """

    def __init__(self, channels: int, style: int, hidden: int, slope: float):
        super().__init__()
        self.slope = slope
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Conv2d(style, hidden, 3, padding=1)
        # Both heads in one convolution: the same numbers, one pass over h.
        self.heads = nn.Conv2d(hidden, 2 * channels, 3, padding=1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return self.steered(self.norm(x), style)

    def steered(self, normal: Tensor, style: Tensor) -> Tensor:
        """(1 + gamma) normal + beta, for an input that is normalised already."""
        gamma, beta = self.heads(F.leaky_relu(self.shared(style), self.slope)).chunk(2, 1)
        return torch.addcmul(normal + beta, gamma, normal)


class SpadeBlock(nn.Module):
    """Residual block: SPADE, LReLU, conv3 to the narrower width, SPADE, LReLU, conv3; plus a shortcut.

    The shortcut is the identity, or conv3(SPADE(x)) with bias where the width changes.

    Source: GANSeg supp §B.2, figure 2 top. Park et al. 2019 have a 1x1 shortcut without bias.
    Shapes: x [B C H W], style [B S H W] -> [B out H W].
    """

    def __init__(self, channels: int, out: int, style: int, hidden: int, slope: float):
        super().__init__()
        self.slope, middle = slope, min(channels, out)
        self.first, self.second = (Spade(width, style, hidden, slope) for width in (channels, middle))
        self.conv1 = nn.Conv2d(channels, middle, 3, padding=1)
        self.conv2 = nn.Conv2d(middle, out, 3, padding=1)
        self.beside = self.shortcut = None
        if channels != out:
            self.beside = Spade(channels, style, hidden, slope)
            # Both see the same input, and a norm without parameters is the same for both: it is computed once.
            self.beside.norm = self.first.norm
            self.shortcut = nn.Conv2d(channels, out, 3, padding=1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        normal = self.first.norm(x)
        h = self.conv1(F.leaky_relu(self.first.steered(normal, style), self.slope))
        h = self.conv2(F.leaky_relu(self.second(h, style), self.slope))
        if self.shortcut is None or self.beside is None:
            return h + x
        return h + self.shortcut(self.beside.steered(normal, style))
