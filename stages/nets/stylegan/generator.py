"""StyleGAN2's generator without a condition, which takes one code per layer."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from stages.nets.stylegan import chains
from stages.nets.stylegan.equal import EqualLinear
from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.noise import NoisePlanes
from stages.nets.stylegan.resample import up2
from stages.nets.stylegan.stylegan2 import channels_at, sides_from


class Generator(nn.Module):
    """An image from codes: a learned 4x4 start, then per side a doubling and a plain convolution and to_rgb, summed.

    Style index at side r: convolutions 2 log2 r - 5 and 2 log2 r - 4, to_rgb 2 log2 r - 3; at 4: 0 and 1. So there are
    2 log2 R - 2 styles, 18 at 1024 px.

    Source: StyleGAN2 config F (code).
    Shapes: codes [B styles latent], flat noise [B planes] or [1 planes] or None -> [B 3 R R]. The mapping takes normal
        codes of `inputs` numbers, as many as `latent` where nothing else is said.
    """

    planes: Tensor
    compiled = False

    def __init__(
        self,
        size: int,
        base: int,
        limit: int,
        latent: int,
        *,
        mapping_layers: int,
        mapping_rate: float,
        inputs: int | None = None,
    ):
        super().__init__()
        self.sides = list(reversed(sides_from(size, 4)))
        width = {side: channels_at(side, base, limit) for side in self.sides}
        self.inputs = latent if inputs is None else inputs
        self.mapping = Mapping(latent, mapping_layers, mapping_rate, self.inputs)
        self.constant = nn.Parameter(torch.randn(width[4], 4, 4))
        self.first = ModulatedConv(width[4], width[4], 3, noisy=True)
        to_rgb = [ModulatedConv(width[side], 3, 1, demodulate=False, activated=False) for side in self.sides]
        up, same = [], []
        for below, side in pairwise(self.sides):
            up.append(ModulatedConv(width[below], width[side], 3, sample="up", noisy=True))
            same.append(ModulatedConv(width[side], width[side], 3, noisy=True))
        self.up, self.same, self.to_rgb = nn.ModuleList(up), nn.ModuleList(same), nn.ModuleList(to_rgb)
        self.first_affine = EqualLinear(latent, width[4], start=1.0)
        self.up_affine = nn.ModuleList(EqualLinear(latent, layer.inputs, start=1.0) for layer in up)
        self.same_affine = nn.ModuleList(EqualLinear(latent, layer.inputs, start=1.0) for layer in same)
        self.rgb_affine = nn.ModuleList(EqualLinear(latent, layer.inputs, start=1.0) for layer in to_rgb)
        self.styles = 2 * len(self.sides)
        self.noise = NoisePlanes([4] + [side for side in self.sides[1:] for _ in range(2)])
        # Kept in the weights, because an official file brings planes of its own.
        self.register_buffer("planes", self.noise.fixed.clone())

    def forward(self, codes: Tensor, flat: Tensor | None) -> Tensor:
        if codes.shape[1] != self.styles:
            raise ValueError(f"generator: expected codes of {self.styles} layers, came shape {tuple(codes.shape)}")
        planes, doubled = iter(self.noise(flat)), chains.DOUBLED if self.compiled else up2
        x = self.constant.expand(len(codes), -1, -1, -1)
        x = self.first(x, self.first_affine(codes[:, 0]), next(planes))
        rgb = self.to_rgb[0](x, self.rgb_affine[0](codes[:, 1]))
        for level in range(len(self.up)):
            x = self.up[level](x, self.up_affine[level](codes[:, 2 * level + 1]), next(planes))
            x = self.same[level](x, self.same_affine[level](codes[:, 2 * level + 2]), next(planes))
            rgb = doubled(rgb) + self.to_rgb[level + 1](x, self.rgb_affine[level + 1](codes[:, 2 * level + 3]))
        return rgb

    def spread(self, mapped: Tensor) -> Tensor:
        """One code for all layers: [B latent] -> [B styles latent]."""
        return mapped[:, None].expand(-1, self.styles, -1)
