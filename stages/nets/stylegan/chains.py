"""What stands between StyleGAN2's convolutions, as pieces that are each compiled to one (`compile: elementwise`).

The filter [1, 3, 3, 1] is a sum of shifted images there, along one axis and then the other, so that it is one piece
with what is done to the image before or after. Values are those of the plain forms (resample.py, modconv.py, equal.py)
up to rounding.

Source: StyleGAN2 (code).
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.nets.chain import Chain

TAPS = (0.125, 0.375, 0.375, 0.125)
SLOPE = 0.2


def filtered(x: Tensor, margin: int, gain: float = 1.0, stride: int = 1) -> Tensor:
    """The filter with sum `gain` over an image with a margin of zeros.

    Shapes: [B C H W] -> [B C (H + 2 margin - 4) // stride + 1, likewise W].
    """
    x = F.pad(x, (margin,) * 4)
    for axis in (2, 3):
        count = (x.shape[axis] - 4) // stride * stride + 1
        pieces = [x.narrow(axis, at, count) for at in range(4)]
        # Every stride-th by a slice, which may be differentiated as often as one likes.
        if stride > 1:
            pieces = [piece[:, :, ::stride] if axis == 2 else piece[..., ::stride] for piece in pieces]
        outside, inside = pieces[0] + pieces[3], pieces[1] + pieces[2]
        x = outside * (TAPS[0] * gain**0.5) + inside * (TAPS[1] * gain**0.5)
    return x


def doubled(x: Tensor) -> Tensor:
    """`resample.up2`: along each axis (x[i-1] + 3 x[i]) / 4 and (3 x[i] + x[i+1]) / 4 in turns."""
    planes_last = x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous()
    for axis in (2, 3):
        count = x.shape[axis]
        wide = F.pad(x, (0, 0, 1, 1) if axis == 2 else (1, 1))
        before, after = wide.narrow(axis, 0, count), wide.narrow(axis, 2, count)
        near = x * 0.75
        x = torch.stack([near + before * 0.25, near + after * 0.25], axis + 1).flatten(axis, axis + 1)
    return x.contiguous(memory_format=torch.channels_last) if planes_last else x


def halved(x: Tensor) -> Tensor:
    """`resample.down2`."""
    return filtered(x, 1, stride=2)


def modulated(x: Tensor, style: Tensor) -> Tensor:
    """x s, what a modulated convolution convolves."""
    return x * style[:, :, None, None].to(x.dtype)


def modulated_filtered(x: Tensor, style: Tensor) -> Tensor:
    """The same behind the filter, before a convolution that halves the side."""
    return filtered(modulated(x, style), 2)


def before_down(x: Tensor) -> Tensor:
    """The filter before a convolution that halves the side."""
    return filtered(x, 2)


DOUBLED, HALVED = Chain(doubled), Chain(halved)
MODULATED, MODULATED_FILTERED, BEFORE_DOWN = Chain(modulated), Chain(modulated_filtered), Chain(before_down)


@cache
def demodulation(epsilon: float, gain: float) -> Chain:
    """gain / sqrt(sum_i s_i^2 sum_{y,x} w_oi^2 + epsilon).

    Shapes: style [B inputs], weight [outputs inputs k k] -> [B outputs 1 1].
    """

    def norm(style: Tensor, weight: Tensor) -> Tensor:
        energy = weight.square().sum((2, 3))
        # No product of matrices, which would be rounded where a gradient is taken under bf16.
        total = (style.square()[:, None] * energy).sum(2)
        return ((total + epsilon).rsqrt() * gain)[:, :, None, None]

    return Chain(norm)


@cache
def modulated_end(up: bool, activated: bool, gain: float) -> Chain:
    """What follows a modulated convolution: lrelu(filter(y) norm + gain (bias + strength noise)).

    Shapes: y [B C H W], or [B C H+1 W+1] if up; norm [B C 1 1] or None, bias [C], noise [B 1 H W] and strength [] or
        None -> [B C H W].
    """

    def end(y: Tensor, norm: Tensor | None, bias: Tensor, noise: Tensor | None, strength: Tensor | None) -> Tensor:
        y = filtered(y, 1, gain=4.0) if up else y
        y = y if norm is None else y * norm.to(y.dtype)
        y = y + (bias * gain)[:, None, None].to(y.dtype)
        if noise is not None and strength is not None:
            y = y + (noise * (strength * gain)).to(y.dtype)
        return F.leaky_relu(y, SLOPE) if activated else y

    return Chain(end)


@cache
def plain_end(gain: float) -> Chain:
    """What follows a plain convolution: lrelu(y + gain bias).  Shapes: y [B C H W], bias [C] -> [B C H W]."""

    def end(y: Tensor, bias: Tensor) -> Tensor:
        return F.leaky_relu(y + (bias * gain)[:, None, None].to(y.dtype), SLOPE)

    # The output has the sign of what was rectified, and stands for it where nothing is added.
    return Chain(end, at=lambda out, y, bias: (out.detach(), torch.zeros_like(bias)))
