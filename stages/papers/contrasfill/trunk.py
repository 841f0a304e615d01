"""The encoder, top-down path and decoder that ContrasFill and CollageGAN share."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor, nn

from stages.nets.stylegan import chains
from stages.nets.stylegan.equal import EqualConv
from stages.nets.stylegan.modconv import ModulatedConv
from stages.nets.stylegan.noise import NoisePlanes
from stages.nets.stylegan.resample import up2
from stages.nets.stylegan.stylegan2 import beside_mask, channels_at, sides_from


def start_side(size: int) -> int:
    """Side at which the decoder begins: min(16, size / 4).  Source: supp §1 at 256; other sizes: spec §4.1."""
    return min(16, size // 4)


class Trunk(nn.Module):
    """From the masked image to colours, through 4x4 and back, with lateral connections below the decoder's start.

    Encoder, for r = R .. 8: F_r = conv(x), x = conv_down(F_r); T_4 = conv(x).
    Top-down, for r = 8 .. start: T_r = conv(up2(T_{r/2}) + lateral(F_r)).
    Decoder: two convs and to_rgb per side, the first conv doubling the side above start; rgb = up2(rgb) + new.
    With `decoder_skips` F_r joins after each doubling conv.

    Source: supp §1, figure 1 (plain laterals, noise in the decoder only: gap G9; skips: gap G8).
    Shapes: x [B 4 R R], styles [B i] per modulated layer in the order of `style_widths`, flat noise -> rgb [B 3 R R].
    """

    compiled = False

    def __init__(self, size: int, base: int, limit: int, modulated_encoder: bool, decoder_skips: bool):
        super().__init__()
        start = start_side(size)
        sides = sides_from(size, 4)
        width = {side: channels_at(side, base, limit) for side in sides}
        self.size, self.start, self.decoder_skips = size, start, decoder_skips

        def conv(inputs: int, outputs: int, sample: str = "same") -> nn.Module:
            if modulated_encoder:
                return ModulatedConv(inputs, outputs, 3, sample=sample)
            return EqualConv(inputs, outputs, 3, down=sample == "down")

        self.from_image = EqualConv(4, width[size], 1)
        self.encoder_sides = sides[:-1]
        self.encode_same = nn.ModuleList(conv(width[side], width[side]) for side in sides)
        self.encode_down = nn.ModuleList(conv(width[side], width[side // 2], "down") for side in sides[:-1])
        self.top_sides = [side for side in reversed(sides) if 4 < side <= start]
        self.lateral = nn.ModuleList(
            EqualConv(width[side], width[side // 2], 1, activated=False) for side in self.top_sides
        )
        self.top = nn.ModuleList(conv(width[side // 2], width[side]) for side in self.top_sides)
        self.decoder_sides = [side for side in reversed(sides) if side >= start]
        first, second, to_rgb = [], [], []
        for side in self.decoder_sides:
            below, sample = (side, "same") if side == start else (side // 2, "up")
            first.append(ModulatedConv(width[below], width[side], 3, sample=sample, noisy=True))
            second.append(ModulatedConv(width[side], width[side], 3, noisy=True))
            to_rgb.append(ModulatedConv(width[side], 3, 1, demodulate=False, activated=False))
        self.decode_first, self.decode_second = nn.ModuleList(first), nn.ModuleList(second)
        self.to_rgb = nn.ModuleList(to_rgb)
        self.noise = NoisePlanes([side for side in self.decoder_sides for _ in range(2)])
        self.style_widths = [layer.inputs for layer in self.layers() if isinstance(layer, ModulatedConv)]

    def layers(self) -> Iterator[nn.Module]:
        """Every convolution that may be modulated, in the order of use."""
        for same, down in zip(self.encode_same[:-1], self.encode_down, strict=True):
            yield from (same, down)
        yield self.encode_same[-1]
        yield from self.top
        for group in zip(self.decode_first, self.decode_second, self.to_rgb, strict=True):
            yield from group

    def forward(self, x: Tensor, styles: list[Tensor], flat: Tensor | None) -> Tensor:
        remaining, planes = iter(styles), iter(self.noise(flat))
        doubled = chains.DOUBLED if self.compiled else up2

        def apply(layer: nn.Module, value: Tensor, noise: Tensor | None = None) -> Tensor:
            return layer(value, next(remaining), noise) if isinstance(layer, ModulatedConv) else layer(value)

        x = self.from_image(x)
        features: dict[int, Tensor] = {}
        for side, same, down in zip(self.encoder_sides, self.encode_same[:-1], self.encode_down, strict=True):
            features[side] = apply(same, x)
            x = apply(down, features[side])
        x = apply(self.encode_same[-1], x)
        for side, lateral, top in zip(self.top_sides, self.lateral, self.top, strict=True):
            x = apply(top, doubled(x) + lateral(features[side]))
        rgb = None
        for side, first, second, to_rgb in zip(
            self.decoder_sides, self.decode_first, self.decode_second, self.to_rgb, strict=True
        ):
            x = apply(first, x, next(planes))
            if self.decoder_skips and side > self.start:
                x = x + features[side]
            x = apply(second, x, next(planes))
            new = apply(to_rgb, x)
            rgb = new if rgb is None else doubled(rgb) + new
        assert rgb is not None, "a decoder has at least one side"
        return rgb


def network_input(image: Tensor, mask: Tensor) -> Tensor:
    """[(1 - M) - 0.5, I (1 - M)]: the network never sees the hole.  Shapes: [B 3 R R], [B 1 R R] -> [B 4 R R]."""
    return beside_mask(image * (1 - mask), mask)
