"""CoModGAN's generator: the mapped code beside a summary of the masked image modulates every decoder layer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stages.nets.stylegan import chains
from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.modconv import ModulatedConv, StyleBank
from stages.nets.stylegan.noise import NoisePlanes
from stages.nets.stylegan.resample import up2
from stages.nets.stylegan.stylegan2 import channels_at, sides_from
from stages.papers.contrasfill.trunk import network_input


class Generator(nn.Module):
    """Fills the hole by co-modulation.

    Encoder: 1x1 conv; for r = R .. 8: E_r = conv(x), x = conv_down(E_r); E_4 = conv(x); g = dropout(dense(E_4)).
    Decoder: x = dense(g) as 4x4 + E_4, conv, to_rgb; for r = 8 .. R: x = conv_up(x) + E_r, conv, to_rgb (skip sum).
    Style of every layer: affine([w, g]). Style index at r: convs 2 log2 r - 5 and 2 log2 r - 4, to_rgb 2 log2 r - 3.

    Source: zsyzzsoft/co-mod-gan (code); g has twice the widest layer's channels, 1024 at 256 px.
    Shapes: image [B 3 R R], mask [B 1 R R] (1 = hole), mapped code [B latent], keep [B width] (dropout's factors),
        flat noise -> colours [B 3 R R]; with `second` the styles from index `cut` on come from that code.
    """

    style_of_column: Tensor
    compiled = False

    def __init__(self, size: int, base: int, limit: int, latent: int, *, mapping_layers: int, mapping_rate: float):
        super().__init__()
        sides = sides_from(size, 4)
        width = {side: channels_at(side, base, limit) for side in sides}
        self.sides, self.width = sides, 2 * limit
        self.mapping = Mapping(latent, mapping_layers, mapping_rate)
        self.from_image = EqualConv(4, width[size], 1)
        self.encode_same = nn.ModuleList(EqualConv(width[side], width[side], 3) for side in sides)
        self.encode_down = nn.ModuleList(EqualConv(width[s], width[s // 2], 3, down=True) for s in sides[:-1])
        self.squeeze = EqualLinear(width[4] * 16, self.width, activated=True)
        self.unsqueeze = EqualLinear(self.width, width[4] * 16, activated=True)
        self.first = ModulatedConv(width[4], width[4], 3, noisy=True)
        self.first_rgb = ModulatedConv(width[4], 3, 1, demodulate=False, activated=False)
        up, same, to_rgb = [], [], []
        for side in reversed(sides[:-1]):
            up.append(ModulatedConv(width[side // 2], width[side], 3, sample="up", noisy=True))
            same.append(ModulatedConv(width[side], width[side], 3, noisy=True))
            to_rgb.append(ModulatedConv(width[side], 3, 1, demodulate=False, activated=False))
        self.up, self.same, self.to_rgb = nn.ModuleList(up), nn.ModuleList(same), nn.ModuleList(to_rgb)
        layers = [self.first, self.first_rgb]
        index = [0, 1]
        for level, group in enumerate(zip(up, same, to_rgb, strict=True)):
            layers += group
            index += [2 * level + 1, 2 * level + 2, 2 * level + 3]
        self.styles = index[-1] + 1
        widths = [layer.inputs for layer in layers]
        self.bank = StyleBank([latent + self.width], widths, "product")
        columns = [number for number, count in zip(index, widths, strict=True) for _ in range(count)]
        self.register_buffer("style_of_column", torch.tensor(columns), persistent=False)
        self.noise = NoisePlanes([4] + [side for side in reversed(sides[:-1]) for _ in range(2)])

    def forward(
        self,
        image: Tensor,
        mask: Tensor,
        mapped: Tensor,
        keep: Tensor,
        flat: Tensor | None,
        second: Tensor | None = None,
        cut: int = 0,
    ) -> Tensor:
        x = self.from_image(network_input(image, mask))
        features: list[Tensor] = []
        for same, down in zip(self.encode_same[:-1], self.encode_down, strict=True):
            features.append(same(x))
            x = down(features[-1])
        last = self.encode_same[-1](x)
        summary = self.squeeze(last.flatten(1)) * keep
        styles = self.bank.joined([torch.cat([mapped, summary], dim=1)])
        if second is not None:
            mixed = self.bank.joined([torch.cat([second, summary], dim=1)])
            styles = torch.where(self.style_of_column < cut, styles, mixed)
        remaining, planes = iter(self.bank.split(styles)), iter(self.noise(flat))
        doubled = chains.DOUBLED if self.compiled else up2
        x = self.unsqueeze(summary).view_as(last) + last
        x = self.first(x, next(remaining), next(planes))
        rgb = self.first_rgb(x, next(remaining))
        for feature, up, same, to_rgb in zip(reversed(features), self.up, self.same, self.to_rgb, strict=True):
            x = up(x, next(remaining), next(planes)) + feature
            x = same(x, next(remaining), next(planes))
            rgb = doubled(rgb) + to_rgb(x, next(remaining))
        return rgb
