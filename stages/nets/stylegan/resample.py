"""Resampling by two with the filter [1, 3, 3, 1], alone and joined to a convolution; and by any with any filter.

All functions treat the image as zero outside its border, so that filter and convolution commute and every joined form
equals its plain one. The `*_plain` forms insert zeros and filter step by step; tests hold the fast forms against them.

Source: supp §1 through StyleGAN2 (code).
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

TAPS = (1.0, 3.0, 3.0, 1.0)


@cache
def fir(channels: int, gain: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """The outer product of the taps with sum `gain`, once for each channel: [channels 1 4 4]."""
    with torch.inference_mode(False):
        taps = torch.tensor(TAPS, dtype=torch.float64)
        kernel = torch.outer(taps, taps) / taps.sum() ** 2 * gain
        return kernel.to(device, dtype).expand(channels, 1, 4, 4).contiguous()


def _fir(x: Tensor, gain: float) -> Tensor:
    return fir(x.shape[1], gain, x.dtype, x.device)


def up2(x: Tensor) -> Tensor:
    """Double the side: zeros between pixels, then the filter with gain 4.  Shapes: [B C H W] -> [B C 2H 2W]."""
    return F.conv_transpose2d(x, _fir(x, 4.0), stride=2, padding=1, groups=x.shape[1])


def down2(x: Tensor) -> Tensor:
    """Halve the side: the filter, then every second pixel.  Shapes: [B C H W] -> [B C H/2 W/2]."""
    return F.conv2d(x, _fir(x, 1.0), stride=2, padding=1, groups=x.shape[1])


def conv_same(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Convolution that keeps the side.  Shapes: x [B I H W], weight [O I k k] with k odd -> [B O H W]."""
    return F.conv2d(x, weight, bias, padding=weight.shape[-1] // 2)


def conv_transposed(x: Tensor, weight: Tensor) -> Tensor:
    """`conv_up` without its filter.  Shapes: x [B I H W], weight [O I 3 3] -> [B O 2H+1 2W+1]."""
    return F.conv_transpose2d(x, weight.flip(2, 3).transpose(0, 1), stride=2)


def conv_up(x: Tensor, weight: Tensor) -> Tensor:
    """Double the side, then convolve, as a transposed convolution with stride 2 followed by the filter.

    Shapes: x [B I H W], weight [O I 3 3] -> [B O 2H 2W].
    """
    y = conv_transposed(x, weight)
    return F.conv2d(y, _fir(y, 4.0), padding=1, groups=y.shape[1])


def conv_down(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Filter, then convolve with stride 2.  Shapes: x [B I H W], weight [O I 3 3] -> [B O H/2 W/2]."""
    y = F.conv2d(x, _fir(x, 1.0), padding=2, groups=x.shape[1])
    return F.conv2d(y, weight, bias, stride=2)


def filtered(
    x: Tensor, taps: Tensor, up: int = 1, down: int = 1, pad: tuple[int, int, int, int] = (0, 0, 0, 0)
) -> Tensor:
    """Zeros between pixels, a margin, the filter along both axes, then every `down`-th pixel.

    y = (taps taps^T * margin(zeros(x)))[::down, ::down], * a convolution, which turns the filter: its transpose takes
    `taps.flip(0)`. The taps are used as they are; doubling keeps the mean where they sum to `up`.

    Source: StyleGAN2-ADA (code: upfirdn2d).
    Shapes: x [B C H W], taps [k], pad (left, right, top, bottom) of the image with its zeros, negative to cut
        -> [B C (up H + top + bottom - k) // down + 1, likewise W].
    """
    channels, (height, width) = x.shape[1], x.shape[2:]
    if up > 1:
        spread = x.new_zeros(len(x), channels, height, up, width, up)
        spread[:, :, :, 0, :, 0] = x
        x = spread.reshape(len(x), channels, height * up, width * up)
    turned = taps.to(x).flip(0).expand(channels, 1, -1)
    x = F.conv2d(F.pad(x, pad), turned[:, :, None], stride=(1, down), groups=channels)
    return F.conv2d(x, turned[:, :, :, None], stride=(down, 1), groups=channels)


def _filtered(x: Tensor, gain: float, before: int, after: int, up: int = 1) -> Tensor:
    taps = torch.tensor(TAPS, dtype=torch.float64)
    return filtered(x, taps / taps.sum() * gain**0.5, up=up, pad=(before, after, before, after))


def up2_plain(x: Tensor) -> Tensor:
    """The definition of `up2`."""
    return _filtered(x, 4.0, 2, 1, up=2)


def down2_plain(x: Tensor) -> Tensor:
    """The definition of `down2`."""
    return _filtered(x, 1.0, 1, 1)[:, :, ::2, ::2]


def conv_up_plain(x: Tensor, weight: Tensor) -> Tensor:
    """The definition of `conv_up`: zeros, filter with a margin of one pixel more, convolution without padding."""
    return F.conv2d(_filtered(x, 4.0, 3, 2, up=2), weight)


def conv_down_plain(x: Tensor, weight: Tensor) -> Tensor:
    """The definition of `conv_down`: filter with a margin, convolution at every pixel, every second one kept."""
    return F.conv2d(_filtered(x, 1.0, 2, 2), weight)[:, :, ::2, ::2]
