"""Linear and convolution layers with an equalised learning rate."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.stylegan import chains, resample

SLOPE = 0.2
GAIN = math.sqrt(2)


def activate(x: Tensor) -> Tensor:
    """Leaky rectifier with slope 0.2, in place: x must be a fresh result that nothing else reads.

    Its gain sqrt(2) is folded into weights, because lrelu(c x) = c lrelu(x).
    """
    return F.leaky_relu_(x, SLOPE)


class EqualLinear(nn.Module):
    """A linear layer whose weights are scaled while running, so that Adam moves all layers at one pace.

    y = x (g W)^T + r b,  g = r / sqrt(inputs),  W ~ N(0, 1/r^2);  then, if activated, sqrt(2) lrelu(y).

    Source: supp §1 through StyleGAN2 (code).
    Shapes: x [B inputs] -> [B outputs].
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        start: float = 0.0,
        rate: float = 1.0,
        bias: bool = True,
        activated: bool = False,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full((outputs,), start / rate)) if bias else None
        self.activated = activated
        gain = GAIN if activated else 1.0
        self.weight_scale = gain * rate / math.sqrt(inputs)
        self.bias_scale = gain * rate

    def forward(self, x: Tensor) -> Tensor:
        bias = self.bias if self.bias is None or self.bias_scale == 1.0 else self.bias * self.bias_scale
        y = F.linear(x, self.weight * self.weight_scale, bias)
        return activate(y) if self.activated else y


class EqualConv(nn.Module):
    """A convolution with an equalised learning rate that keeps the side or halves it.

    y = conv(x, g w) + b,  g = 1 / sqrt(inputs size^2);  then, if activated, gain lrelu(y).

    Source: supp §1 through StyleGAN2 (code).
    Shapes: x [B inputs H W] -> [B outputs H W], or [B outputs H/2 W/2] if down.
    """

    compiled = False

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        down: bool = False,
        bias: bool = True,
        activated: bool = True,
        gain: float | None = None,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs)) if bias else None
        self.down, self.activated = down, activated
        self.gain = (GAIN if activated else 1.0) if gain is None else gain
        self.weight_scale = self.gain / math.sqrt(inputs * size * size)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight * self.weight_scale
        if self.compiled and self.activated and self.bias is not None:
            y = F.conv2d(chains.BEFORE_DOWN(x), weight, stride=2) if self.down else resample.conv_same(x, weight)
            return chains.plain_end(self.gain)(y, self.bias)
        bias = self.bias if self.bias is None or self.gain == 1.0 else self.bias * self.gain
        y = resample.conv_down(x, weight, bias) if self.down else resample.conv_same(x, weight, bias)
        return activate(y) if self.activated else y
