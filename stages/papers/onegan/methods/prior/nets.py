"""The network of the deep image prior: an encoder and decoder with a convolution beside each scale."""

import torch
from torch import Tensor, nn


def convolution(before: int, after: int, kernel: int, stride: int, leak: float) -> nn.Sequential:
    """Convolution with bias behind reflected borders, batch norm of this batch alone, leaky rectifier.

    The norm keeps no running statistics, so that a made picture is always normed by its own.
    """
    padding, mode = kernel // 2, "reflect" if kernel > 1 else "zeros"
    return nn.Sequential(
        nn.Conv2d(before, after, kernel, stride, padding, padding_mode=mode),
        nn.BatchNorm2d(after, track_running_stats=False),
        nn.LeakyReLU(leak),
    )


class Scale(nn.Module):
    """One scale: halved by two 3 x 3 convolutions, given to the scales below, doubled, and joined with a 1 x 1 beside.

    y = c1(c3(BN([c1(x), up2(below(c3(c3s2(x))))])))

    Source: code (Deep Image Prior), spec 6.4. Shapes: [B before h w] -> [B channels h w].
    """

    def __init__(self, before: int, channels: int, below: nn.Module, leak: float) -> None:
        super().__init__()
        self.beside = convolution(before, channels, 1, 1, leak)
        self.down = nn.Sequential(
            convolution(before, channels, 3, 2, leak),
            convolution(channels, channels, 3, 1, leak),
        )
        self.below = below
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.joined = nn.BatchNorm2d(2 * channels, track_running_stats=False)
        self.out = nn.Sequential(
            convolution(2 * channels, channels, 3, 1, leak),
            convolution(channels, channels, 1, 1, leak),
        )

    def forward(self, x: Tensor) -> Tensor:
        below = self.up(self.below(self.down(x)))
        return self.out(self.joined(torch.cat([self.beside(x), below], 1)))


class Prior(nn.Module):
    """Noise to a picture: `scales` scales of one width, a 1 x 1 convolution to three channels, a sigmoid.

    Source: supp §D.4 (Deep Image Prior), code (its inpainting of holes), spec 6.4: 3,002,627 parameters at 5 scales,
    128 channels and 32 of the input. Shapes: [B input S S] -> [B 3 S S] in (0, 1).
    """

    def __init__(self, before: int, channels: int, scales: int, leak: float) -> None:
        super().__init__()
        net: nn.Module = nn.Identity()
        for scale in reversed(range(scales)):
            net = Scale(channels if scale else before, channels, net, leak)
        self.scales = net
        self.colours = nn.Conv2d(channels, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.colours(self.scales(x)))
