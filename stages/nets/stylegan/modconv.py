"""Convolutions modulated by any number of codes, jointly: StyleGAN2's with one code, ContrasFill's with two."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.stylegan import chains, resample
from stages.nets.stylegan.equal import GAIN, EqualLinear, activate

EPSILON = 1e-8  # StyleGAN2 (code)


class StyleBank(nn.Module):
    """The affine layers of every modulated convolution of a network, one set per code, in one product.

    product: s = A_1(w_1) A_2(w_2) ...        sum: s = A_1(w_1) + A_2(w_2) + ... - (codes - 1)
    concat:  s = A([w_1, w_2, ...]).          A(w) = w (W / sqrt(width))^T + b, b starting at 1.

    Source: supp §1, main §3 (formula: gap G1).
    Shapes: codes [B code_widths[i]] -> one style [B layer_widths[j]] per layer.
    Raises: ValueError for an unknown combination or a wrong number of codes.
    """

    def __init__(self, code_widths: Sequence[int], layer_widths: Sequence[int], combination: str):
        super().__init__()
        if combination not in ("product", "sum", "concat"):
            raise ValueError(f"combination: expected product, sum or concat, came {combination!r}")
        widths = [sum(code_widths)] if combination == "concat" else list(code_widths)
        self.affine = nn.ModuleList(EqualLinear(width, sum(layer_widths), start=1.0) for width in widths)
        self.code_count, self.layer_widths, self.combination = len(code_widths), tuple(layer_widths), combination

    def joined(self, codes: Sequence[Tensor]) -> Tensor:
        """All styles side by side: [B sum(layer_widths)]."""
        if len(codes) != self.code_count:
            raise ValueError(f"expected {self.code_count} codes, came {len(codes)}")
        if self.combination == "concat":
            codes = [torch.cat(list(codes), dim=1)]
        styles = [affine(code) for affine, code in zip(self.affine, codes, strict=True)]
        joined = styles[0]
        for style in styles[1:]:
            joined = joined * style if self.combination == "product" else joined + style - 1.0
        return joined

    def split(self, joined: Tensor) -> list[Tensor]:
        """One view per layer of what `joined` returned."""
        return list(joined.split(self.layer_widths, dim=1))

    def forward(self, codes: Sequence[Tensor]) -> list[Tensor]:
        return self.split(self.joined(codes))


class ModulatedConv(nn.Module):
    """A convolution whose kernel is scaled per sample and input channel, then normalised per output channel.

    w' = g w s,  w'' = w' / sqrt(sum_{i,y,x} w'^2 + 1e-8),  y = conv(x, w'') + strength noise + b,  sqrt(2) lrelu(y).
    Instead of a kernel per sample, x is scaled by s before and by the norm after one shared convolution; g then only
    weighs the 1e-8. `modulated_grouped` is the literal form.

    Source: main §3 (gap G1), supp §1; StyleGAN2 (code).
    Shapes: x [B inputs H W], style [B inputs], noise [B 1 H' W'] or [1 1 H' W'] -> [B outputs H' W'],
        H' = H (same), 2H (up) or H/2 (down).
    """

    compiled = False

    def __init__(
        self,
        inputs: int,
        outputs: int,
        size: int,
        *,
        sample: str = "same",
        demodulate: bool = True,
        activated: bool = True,
        noisy: bool = False,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, size, size))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.strength = nn.Parameter(torch.zeros(())) if noisy else None
        self.convolve = {"same": resample.conv_same, "up": resample.conv_up, "down": resample.conv_down}[sample]
        self.inputs, self.demodulate, self.activated = inputs, demodulate, activated
        self.scale = 1 / math.sqrt(inputs * size * size)
        self.gain = GAIN if activated else 1.0

    def norm(self, style: Tensor) -> Tensor:
        """gain / sqrt(sum w'^2 + 1e-8) for a kernel without g, in float32 (float64 stays): [B outputs 1 1]."""
        kind = torch.float64 if self.weight.dtype == torch.float64 else torch.float32
        with torch.autocast(style.device.type, enabled=False):
            if self.compiled:
                return chains.demodulation(EPSILON / self.scale**2, self.gain)(style.to(kind), self.weight.to(kind))
            energy = self.weight.to(kind).square().sum((2, 3))
            total = torch.addmm(
                energy.new_full((), EPSILON / self.scale**2), style.to(kind).square(), energy.t(), alpha=1.0
            )
            return (total.rsqrt() * self.gain)[:, :, None, None]

    def forward(self, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
        if not self.demodulate:
            style = style * (self.scale * self.gain)
        if self.compiled:
            return self._chained(x, style, noise)
        y = self.convolve(x * style[:, :, None, None].to(x.dtype), self.weight)
        if self.demodulate:
            y = y * self.norm(style).to(y.dtype)
        y = y.add_((self.bias * self.gain)[:, None, None].to(y.dtype))
        if self.strength is not None and noise is not None:
            y = y.add_((noise * (self.strength * self.gain)).to(y.dtype))
        return activate(y) if self.activated else y

    def _chained(self, x: Tensor, style: Tensor, noise: Tensor | None) -> Tensor:
        up, down = self.convolve is resample.conv_up, self.convolve is resample.conv_down
        x = (chains.MODULATED_FILTERED if down else chains.MODULATED)(x, style)
        if up:
            y = resample.conv_transposed(x, self.weight)
        else:
            y = F.conv2d(x, self.weight, stride=2) if down else resample.conv_same(x, self.weight)
        norm = self.norm(style) if self.demodulate else None
        strength = None if noise is None else self.strength
        end = chains.modulated_end(up, self.activated, self.gain)
        return end(y, norm, self.bias, None if strength is None else noise, strength)


def modulated_grouped(layer: ModulatedConv, x: Tensor, style: Tensor, noise: Tensor | None = None) -> Tensor:
    """The literal form of `layer(x, style, noise)`: one kernel per sample, plain resampling, norms taken on kernels.

    Source and shapes: as `ModulatedConv`.
    """
    kernels = modulated_kernels(layer, style)
    convolve = {
        resample.conv_same: resample.conv_same,
        resample.conv_up: resample.conv_up_plain,
        resample.conv_down: resample.conv_down_plain,
    }[layer.convolve]
    y = torch.cat([convolve(row[None], kernel) for row, kernel in zip(x, kernels, strict=True)])
    if layer.strength is not None and noise is not None:
        y = y + layer.strength * noise
    y = y + layer.bias[None, :, None, None]
    return GAIN * F.leaky_relu(y, 0.2) if layer.activated else y


def modulated_kernels(layer: ModulatedConv, style: Tensor) -> Tensor:
    """w'' (or w' without demodulation) of every sample: [B outputs inputs size size]."""
    kernels = layer.scale * layer.weight[None] * style[:, None, :, None, None]
    if not layer.demodulate:
        return kernels
    return kernels * (kernels.square().sum((2, 3, 4), keepdim=True) + EPSILON).rsqrt()
