"""ContrasFill's networks (supp figure 1): the generator steered by one or two codes, the unknown factor's encoder."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn

from stages.nets.stylegan.equal import EqualConv, EqualLinear
from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.modconv import StyleBank
from stages.nets.stylegan.stylegan2 import ResidualDown, channels_at, sides_from
from stages.papers.contrasfill.trunk import Trunk, network_input


class Generator(nn.Module):
    """Fills the hole; every convolution of the trunk is modulated jointly by all codes.

    Source: supp §1, figure 1; bi-modulation main §3 (gap G1). One code: supp §3, last paragraph (ContrasFill-1).
    Shapes: image [B 3 R R], mask [B 1 R R] (1 = hole), mapped codes [B latent] each, flat noise -> colours [B 3 R R].
    """

    def __init__(
        self,
        size: int,
        base: int,
        limit: int,
        latent: int,
        *,
        codes: int,
        mapping_layers: int,
        mapping_rate: float,
        combination: str,
        decoder_skips: bool,
    ):
        super().__init__()
        self.mapping = nn.ModuleList(Mapping(latent, mapping_layers, mapping_rate) for _ in range(codes))
        self.trunk = Trunk(size, base, limit, modulated_encoder=True, decoder_skips=decoder_skips)
        self.bank = StyleBank([latent] * codes, self.trunk.style_widths, combination)

    def forward(self, image: Tensor, mask: Tensor, mapped: Sequence[Tensor], flat: Tensor | None) -> Tensor:
        return self.trunk(network_input(image, mask), self.bank(mapped), flat)


class UnknownEncoder(nn.Module):
    """Feature of everything but the known factor.

    1x1 conv -> residual halvings with half the discriminator's channels, down to 4x4 -> linear -> batch norm. What all
    images share would make every cosine 1, from where the loss has nothing to climb; batch norm takes it away.

    Source: ours (gap G2).
    Shapes: image [B 3 R R] in [-1, 1] -> [B features].
    """

    def __init__(self, size: int, base: int, limit: int, features: int):
        super().__init__()
        width = [channels_at(side, base, limit) // 2 for side in sides_from(size, 4)]
        self.from_image = EqualConv(3, width[0], 1)
        self.blocks = nn.Sequential(*(ResidualDown(a, b) for a, b in pairwise(width)))
        self.feature = EqualLinear(width[-1] * 16, features, bias=False)  # batch norm would take any shift away
        self.norm = nn.BatchNorm1d(features, affine=False)

    def own(self, image: Tensor) -> Tensor:
        """An image's feature before batch norm, which goes over the images of all processes: float32 [B features]."""
        return self.feature(self.blocks(self.from_image(image)).flatten(1)).float()

    def forward(self, image: Tensor) -> Tensor:
        return self.norm(self.own(image))
