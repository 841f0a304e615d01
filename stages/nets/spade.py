"""Spatially adaptive normalisation around batch norm, and the residual block made of it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Spade(nn.Module):
    """out = (1 + gamma) BN(x) + beta, with gamma and beta from a style map of the same resolution.

    h = LReLU(conv3(style));  [gamma, beta] = conv3(h).  BN has no affine parameters.

    A style of another size is resized to that of x, nearest. With slope 0 this is the norm of Park et al. 2019.

    Source: GANSeg supp §B.2, figure 2 top; leaky slope and width of h: code.
    Shapes: x [B C H W], style [B S h w] -> [B C H W].
    """

    def __init__(self, channels: int, style: int, hidden: int, slope: float):
        super().__init__()
        self.slope = slope
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.shared = nn.Conv2d(style, hidden, 3, padding=1)
        # Both heads in one convolution: the same numbers, one pass over h.
        self.heads = nn.Conv2d(hidden, 2 * channels, 3, padding=1)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        return self.steered(self.norm(x), fitted(style, x))

    def steered(self, normal: Tensor, style: Tensor) -> Tensor:
        """(1 + gamma) normal + beta, for an input that is normalised already and a style of its size."""
        gamma, beta = self.heads(F.leaky_relu(self.shared(style), self.slope)).chunk(2, 1)
        return torch.addcmul(normal + beta, gamma, normal)


def fitted(style: Tensor, like: Tensor) -> Tensor:
    """A style map at the size of `like`, nearest; the map itself where it has that size."""
    return style if style.shape[2:] == like.shape[2:] else F.interpolate(style, like.shape[2:], mode="nearest")


class SpadeBlock(nn.Module):
    """Residual block: SPADE, LReLU, conv3 to the narrower width, SPADE, LReLU, conv3; plus a shortcut.

    The shortcut is the identity, or conv3(SPADE(x)) with bias where the width changes; with `plain_shortcut` it is a
    1x1 convolution without bias. `style_slope` is that of the rectifier inside SPADE, where it is not the block's.

    Source: GANSeg supp §B.2, figure 2 top. Park et al. 2019 have the plain shortcut, slope 0 inside SPADE, and
    spectral normalisation of the block's own convolutions, `CONVOLUTIONS` (see `spectral`).
    Shapes: x [B C H W], style [B S h w] of any size -> [B out H W].
    """

    CONVOLUTIONS = ("conv1", "conv2", "shortcut")

    def __init__(
        self,
        channels: int,
        out: int,
        style: int,
        hidden: int,
        slope: float,
        style_slope: float | None = None,
        plain_shortcut: bool = False,
    ):
        super().__init__()
        self.slope, middle = slope, min(channels, out)
        inner = slope if style_slope is None else style_slope
        self.first, self.second = (Spade(width, style, hidden, inner) for width in (channels, middle))
        self.conv1 = nn.Conv2d(channels, middle, 3, padding=1)
        self.conv2 = nn.Conv2d(middle, out, 3, padding=1)
        self.beside = self.shortcut = None
        if channels != out:
            self.beside = Spade(channels, style, hidden, inner)
            # Both see the same input, and a norm without parameters is the same for both: it is computed once.
            self.beside.norm = self.first.norm
            kernel = 1 if plain_shortcut else 3
            self.shortcut = nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=not plain_shortcut)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        normal, style = self.first.norm(x), fitted(style, x)
        h = self.conv1(F.leaky_relu(self.first.steered(normal, style), self.slope))
        h = self.conv2(F.leaky_relu(self.second(h, style), self.slope))
        if self.shortcut is None or self.beside is None:
            return h + x
        return h + self.shortcut(self.beside.steered(normal, style))
