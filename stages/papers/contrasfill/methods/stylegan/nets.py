"""A small inverter: from an image to the codes of an unconditional StyleGAN2."""

from __future__ import annotations

from itertools import pairwise

from torch import Tensor, nn

from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.stylegan2 import ResidualDown, channels_at, sides_from


class SmallInverter(nn.Module):
    """The demo's inversion encoder: residual halvings down to 4x4, then one linear layer to all codes.

    Source: ours (gap G27; spec §7.2 asks for a tiny encoder).
    Shapes: image [B 3 R R] in [-1, 1] -> [B styles latent]; with `shared` every layer has the same code (space W).
    """

    def __init__(self, size: int, base: int, limit: int, styles: int, latent: int, shared: bool):
        super().__init__()
        width = [channels_at(side, base, limit) for side in sides_from(size, 4)]
        self.styles, self.latent, self.shared = styles, latent, shared
        self.from_image = EqualConv(3, width[0], 1)
        self.blocks = nn.Sequential(*(ResidualDown(a, b) for a, b in pairwise(width)))
        self.codes = EqualLinear(width[-1] * 16, latent * (1 if shared else styles))

    def forward(self, image: Tensor) -> Tensor:
        codes = self.codes(self.blocks(self.from_image(image)).flatten(1)).view(len(image), -1, self.latent)
        return codes.expand(-1, self.styles, -1)
