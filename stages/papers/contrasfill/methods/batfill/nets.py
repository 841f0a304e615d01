"""BAT-Fill stage 2: the upsampler from the palette grid to the image, and its discriminator."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm


def count_steps(side: int, grid: int) -> int:
    """Up (and down) steps of the upsampler, max(0, log2(R / 2g)).

    Source: contrasfill §6.3 (two at R = 256, g = 32), settled 23.
    Raises: ValueError unless R is g times a power of two, at least 2.
    """
    ratio = side // (2 * grid)
    if side != 2 * grid * ratio or ratio < 1 or ratio & (ratio - 1):
        raise ValueError(f"the side must be grid times 2, 4, 8, ...: side {side}, grid {grid}; change the key grid")
    return int(math.log2(ratio))


def conv(*arguments: int, bias: bool = True) -> nn.Module:
    """A convolution (inputs, outputs, kernel, stride, padding, dilation) under spectral normalisation."""
    return spectral_norm(nn.Conv2d(*arguments, bias=bias))


def normed(*arguments: int) -> nn.Sequential:
    """A spectrally normalised convolution without bias, then batch normalisation (which makes a bias meaningless)."""
    return nn.Sequential(conv(*arguments, bias=False), nn.BatchNorm2d(arguments[1]))


class Gated(nn.Module):
    """relu(feature(x)) * sigmoid(gate(x)), or without the relu.

    Source: contrasfill §6.3 (code). Shapes: [B C H W] -> [B C' H' W'].
    """

    def __init__(self, feature: nn.Module, gate: nn.Module, active: bool = True):
        super().__init__()
        self.feature, self.gate, self.active = feature, gate, active

    def forward(self, x: Tensor) -> Tensor:
        feature = self.feature(x)
        return (F.relu(feature) if self.active else feature) * torch.sigmoid(self.gate(x))


def gated(*arguments: int, active: bool = True) -> Gated:
    """A plain gated layer: feature and gate both normalised."""
    return Gated(normed(*arguments), normed(*arguments), active)


class ResidualBlock(nn.Module):
    """x + gated(gated(x)) with reflected borders; the first convolution is dilated. Shapes: [B C H W] -> [B C H W]."""

    def __init__(self, channels: int, dilation: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.ReflectionPad2d(dilation),
            gated(channels, channels, 3, 1, 0, dilation),
            nn.ReflectionPad2d(1),
            gated(channels, channels, 3, active=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)


class SelfAttention(nn.Module):
    """x + gain * o(softmax(theta(x) . pool phi(x)) pool g(x)), the gain starting at 0.

    Source: contrasfill §6.3 (code: C/8 and C/2 channels, 2x2 max pooling, no biases). Shapes: [B C H W] -> [B C H W].
    """

    def __init__(self, channels: int):
        super().__init__()
        narrow, half = max(1, channels // 8), channels // 2
        self.theta, self.phi = conv(channels, narrow, 1, bias=False), conv(channels, narrow, 1, bias=False)
        self.value, self.out = conv(channels, half, 1, bias=False), conv(half, channels, 1, bias=False)
        self.gain = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        query = self.theta(x).flatten(2).transpose(1, 2)
        key = F.max_pool2d(self.phi(x), 2).flatten(2)
        value = F.max_pool2d(self.value(x), 2).flatten(2).transpose(1, 2)
        mixed = torch.softmax(query @ key, -1) @ value
        return x + self.gain * self.out(mixed.transpose(1, 2).unflatten(2, x.shape[2:]))


def normalise_positions(x: Tensor) -> Tensor:
    """(x - mean) / sqrt(variance + 1e-5) over the channels of each pixel, with the unbiased variance.

    Source: contrasfill §6.3 ("positional"). Shapes: [B C H W] -> [B C H W].
    """
    variance, mean = torch.var_mean(x, dim=1, keepdim=True, correction=1)
    return (x - mean) * torch.rsqrt(variance + 1e-5)


class Spade(nn.Module):
    """normalised(x) * (1 + scale(c)) + shift(c), c = masked image and mask at x's size (nearest), zeros around maps.

    Source: contrasfill §6.3; BAT-Fill (code), models/networks/normalization.py.
    Shapes: x [B C H W], context [B 4 R R] -> [B C H W].
    """

    def __init__(self, channels: int, hidden: int):
        super().__init__()
        self.shared = nn.Conv2d(4, hidden, 3, padding=1)
        self.scale, self.shift = nn.Conv2d(hidden, channels, 3, padding=1), nn.Conv2d(hidden, channels, 3, padding=1)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        hidden = F.relu(self.shared(F.interpolate(context, x.shape[2:], mode="nearest")))
        return normalise_positions(x) * (1 + self.scale(hidden)) + self.shift(hidden)


class SpadeBlock(nn.Module):
    """Two (SPADE, leaky ReLU 0.2, gated 3x3) on top of x, or of a learned 1x1 shortcut where the width changes.

    Source: contrasfill §6.3. Shapes: x [B C H W], context [B 4 R R] -> [B C' H W].
    """

    def __init__(self, inputs: int, outputs: int, hidden: int):
        super().__init__()
        middle = min(inputs, outputs)
        self.norms = nn.ModuleList([Spade(inputs, hidden), Spade(middle, hidden)])
        sizes = ((inputs, middle), (middle, outputs))
        self.convs = nn.ModuleList(Gated(conv(a, b, 3, 1, 1), conv(a, b, 3, 1, 1), active=False) for a, b in sizes)
        self.shortcut = None
        if inputs != outputs:
            self.shortcut_norm = Spade(inputs, hidden)
            feature, gate = conv(inputs, outputs, 1, bias=False), conv(inputs, outputs, 1, bias=False)
            self.shortcut = Gated(feature, gate, active=False)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        y = x
        for norm, layer in zip(self.norms, self.convs, strict=True):
            y = layer(F.leaky_relu(norm(y, context), 0.2))
        return y + (x if self.shortcut is None else self.shortcut(self.shortcut_norm(x, context)))


class Upsampler(nn.Module):
    """The image from its colour grid, its visible pixels and its mask.

    colours -> gated, x2, gated (branch a, side 2g); [masked image, mask] -> gated 5x5, n gated stride-2 steps
    (branch b, side 2g); both -> fuse, dilated residual blocks, attention, n times (x2, SPADE block), conv, tanh;
    n = log2(R / 2g). With width w the trunk has 4w channels, branch b w, 2w, 4w, ... and the last block 2w.

    Source: contrasfill §6.3 (code).
    Shapes: context [B 4 R R] (image with the hole in white, mask), colours [B 3 g g] -> [B 3 R R] in [-1, 1].
    """

    def __init__(self, side: int, grid: int, width: int, dilations: Sequence[int], spade_hidden: int):
        super().__init__()
        steps, trunk = count_steps(side, grid), 4 * width
        double = nn.Upsample(scale_factor=2)
        self.colours = nn.Sequential(gated(3, trunk, 3, 1, 1), double, gated(trunk, trunk, 3, 1, 1))
        widths = [width] + [min(width << step, trunk) for step in range(1, steps + 1)]
        downs = [gated(a, b, 3, 2, 1) for a, b in pairwise(widths)]
        self.visible = nn.Sequential(nn.ReflectionPad2d(2), gated(4, width, 5), *downs)
        self.fuse = gated(trunk + widths[-1], trunk, 3, 1, 1)
        self.trunk = nn.Sequential(*(ResidualBlock(trunk, dilation) for dilation in dilations), SelfAttention(trunk))
        widths = [trunk] * steps + [2 * width if steps else trunk]
        self.ups = nn.ModuleList(SpadeBlock(a, b, spade_hidden) for a, b in pairwise(widths))
        self.image = nn.Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, context: Tensor, colours: Tensor) -> Tensor:
        x = self.trunk(self.fuse(torch.cat([self.colours(colours), self.visible(context)], 1)))
        for block in self.ups:
            x = block(F.interpolate(x, scale_factor=2, mode="nearest"), context)
        return torch.tanh(self.image(F.leaky_relu(x, 0.2)))


class PatchDiscriminator(nn.Module):
    """Realness of overlapping patches: strided 4x4 convolutions, the last two of stride 1, all with one pixel of zeros.

    Those in the middle are spectrally normalised without bias, then instance-normalised; leaky ReLU 0.2. Attention
    stands before the last of them.

    Source: contrasfill §6.3; BAT-Fill (code), models/networks/discriminator.py with train_up.sh's `--use_attention
    --n_layers_D 4`: 2,845,762 parameters.
    Shapes: [B 3 R R] -> [B 1 h w], 30 x 30 for R = 256 and 4 layers.
    """

    def __init__(self, width: int, layers: int):
        super().__init__()
        widths = [width] + [min(width << step, 8 * width) for step in range(1, layers)]
        body = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
        for step, (a, b) in enumerate(pairwise(widths), 1):
            last = step == layers - 1
            body += [SelfAttention(a)] if last else []
            body += [conv(a, b, 4, 1 if last else 2, 1, bias=False), nn.InstanceNorm2d(b), nn.LeakyReLU(0.2)]
        self.body = nn.Sequential(*body, nn.Conv2d(widths[-1], 1, 4, 1, 1))

    def forward(self, image: Tensor) -> Tensor:
        return self.body(image)


class MultiscaleDiscriminator(nn.Module):
    """The same patch discriminator at the full side, half of it, and so on.

    Source: as `PatchDiscriminator`; 5,691,524 parameters for width 64, 4 layers and 2 scales.
    Shapes: [B 3 R R] -> list of [B 1 H W].
    """

    def __init__(self, width: int, layers: int, scales: int):
        super().__init__()
        self.scales = nn.ModuleList(PatchDiscriminator(width, layers) for _ in range(scales))

    def forward(self, image: Tensor) -> list[Tensor]:
        logits = []
        for scale in self.scales:
            logits.append(scale(image))
            image = F.avg_pool2d(image, 3, 2, 1, count_include_pad=False)
        return logits
