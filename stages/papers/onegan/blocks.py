"""The modules that the sub-networks are made of.  Source: supp Tab. 2."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Affine = Literal["channel", "full"]
SLOPE = 0.2  # supp Tab. 2
EPSILON = 1e-5  # of norms; torch's own


def map_norm(channels: int, side: int, affine: Affine) -> nn.Module:
    """LayerNorm of a map: mean and variance of each sample over channels and places, then a weight and a bias.

    For each channel (torch's group norm with one group), or for each number of the map as nn.LayerNorm has it.
    Source: supp Tab. 2; the text does not say which (gap G11). Shapes: [B C R R] -> same.
    """
    if affine == "channel":
        return nn.GroupNorm(1, channels, eps=EPSILON)
    return nn.LayerNorm([channels, side, side], eps=EPSILON)


class GLULNorm(nn.Module):
    """LN(x_L) sigmoid(x_R) with x_L, x_R the halves of the channels; the gate is not normalised.

    Source: supp Tab. 2. Shapes: [B 2C R R] -> [B C R R].
    """

    def __init__(self, channels: int, side: int, affine: Affine) -> None:
        super().__init__()
        self.norm = map_norm(channels, side, affine)

    def forward(self, x: Tensor) -> Tensor:
        left, right = x.chunk(2, 1)
        return self.norm(left) * right.sigmoid()


class UpBlock(nn.Module):
    """UPBlk(c_i, c_o, S): nearest resize to S x S, K3P1, GLU-LNorm; no resize where the map has that side.

    Source: supp Tab. 2. Shapes: [B c_i R R] -> [B c_o S S].
    """

    def __init__(self, inputs: int, outputs: int, side: int, affine: Affine) -> None:
        super().__init__()
        self.side = side
        self.conv = nn.Conv2d(inputs, 2 * outputs, 3, 1, 1)
        self.gate = GLULNorm(outputs, side, affine)

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] != self.side:
            x = F.interpolate(x, size=(self.side, self.side), mode="nearest")
        return self.gate(self.conv(x))


class DownBlock(nn.Sequential):
    """DOWNBlk(c_i, c_o): K4S2P1, LayerNorm, lReLU(0.2); `side` is that of the output.

    Source: supp Tab. 2. Shapes: [B c_i 2R 2R] -> [B c_o R R].
    """

    def __init__(self, inputs: int, outputs: int, side: int, affine: Affine) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 4, 2, 1), map_norm(outputs, side, affine), nn.LeakyReLU(SLOPE)
        )  # fmt: skip


class ResBlock0(nn.Module):
    """RESBlk0(c_i): x + d, d = twice K3P1 and GLU-LNorm; nothing after the sum.

    Source: supp Tab. 2. Shapes: [B C R R] -> same.
    """

    def __init__(self, channels: int, side: int, affine: Affine) -> None:
        super().__init__()
        self.layers = nn.Sequential(*(
            layer
            for _ in range(2)
            for layer in (nn.Conv2d(channels, 2 * channels, 3, 1, 1), GLULNorm(channels, side, affine))
        ))  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)


class ResBlock(nn.Module):
    """RESBlk(c_i, d, c_o): K3P1 of features and code, GLU-LNorm, twice RESBlk0, K3P1, GLU-LNorm.

    The code stands at every place, behind the features (ours, gap G24).
    Source: supp Tab. 2. Shapes: [B c_i R R], [B d] -> [B c_o R R].
    """

    def __init__(self, inputs: int, code: int, outputs: int, side: int, affine: Affine) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs + code, 2 * inputs, 3, 1, 1), GLULNorm(inputs, side, affine),
            ResBlock0(inputs, side, affine), ResBlock0(inputs, side, affine),
            nn.Conv2d(inputs, 2 * outputs, 3, 1, 1), GLULNorm(outputs, side, affine),
        )  # fmt: skip

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        tiled = code[:, :, None, None].expand(-1, -1, *x.shape[2:]).to(x.dtype)
        return self.layers(torch.cat([x, tiled], 1))


class Vector(nn.Sequential):
    """Linear(c_i, c_o), LayerNorm, lReLU(0.2) of a vector.  Source: supp Tab. 5, 6, 9. Shapes: [B c_i] -> [B c_o]."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(nn.Linear(inputs, outputs), nn.LayerNorm(outputs, eps=EPSILON), nn.LeakyReLU(SLOPE))


class Flat(nn.Sequential):
    """K3P1(c, c), LayerNorm, lReLU(0.2), Reshape.  Source: supp Tab. 5, 6, 9. Shapes: [B C R R] -> [B C R²]."""

    def __init__(self, channels: int, side: int, affine: Affine) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, 1, 1), map_norm(channels, side, affine), nn.LeakyReLU(SLOPE), nn.Flatten()
        )


def orthogonal(net: nn.Module, tables: tuple[str, ...] = ()) -> None:
    """Orthogonal weights of gain 1 and zero biases in convolutions and linear layers; N(0, 1) in the named tables.

    Source: code (FineGAN); tables ours (gap G18).
    """
    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            if name in tables:
                nn.init.normal_(module.weight)
            else:
                nn.init.orthogonal_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
