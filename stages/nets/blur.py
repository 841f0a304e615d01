"""Halving and doubling of the side behind a blur, so that no frequency is kept that the new side cannot hold."""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

DOWN = (1.0, 2.0, 1.0)
UP = (1.0, 3.0, 3.0, 1.0)


@cache
def kernel(taps: tuple[float, ...], channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The outer product of the taps with sum `gain`, once for each channel.    Shapes: -> [channels 1 k k]."""
    with torch.inference_mode(False):
        line = torch.tensor(taps, dtype=torch.float64)
        square = torch.outer(line, line) / line.sum() ** 2 * gain
        return square.to(device, dtype).expand(channels, 1, *square.shape).contiguous()


class BlurDown(nn.Module):
    """Half the side, rounded up: one pixel mirrored at each border, then every second value of [1 2 1] x [1 2 1] / 16.

    Source: Zhang 2019, §3; CUT's Downsample (code).
    Shapes: [B C H W] -> [B C ceil(H/2) ceil(W/2)]; sides of at least two.
    """

    taps, stride = DOWN, 2

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = kernel(self.taps, channels, 1.0, x.dtype, x.device)
        return F.conv2d(F.pad(x, (1,) * 4, mode="reflect"), weight, stride=self.stride, groups=channels)


class BlurUp(nn.Module):
    """Double the side: one pixel repeated at each border, zeros between pixels, then [1 3 3 1] x [1 3 3 1] / 16.

    A transposed convolution of stride 2 and padding 2, whose first and last row and column are dropped.

    Source: CUT's Upsample (code).
    Shapes: [B C H W] -> [B C 2H 2W].
    """

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        weight = kernel(UP, channels, 4.0, x.dtype, x.device)
        padded = F.pad(x, (1,) * 4, mode="replicate")
        return F.conv_transpose2d(padded, weight, stride=2, padding=2, groups=channels)[:, :, 1:-1, 1:-1]
