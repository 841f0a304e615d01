"""CollageGAN's generator in its minimal form: ContrasFill's trunk with a plain encoder and one code in the decoder."""

from __future__ import annotations

from torch import Tensor, nn

from stages.nets.stylegan.mapping import Mapping
from stages.nets.stylegan.modconv import StyleBank
from stages.papers.contrasfill.trunk import Trunk, network_input


class Generator(nn.Module):
    """Fills the hole; one code modulates the decoder, the encoder and top-down path are plain.

    Source: supp §1 (what ContrasFill takes from it), spec §6.2 (gap G13).
    Shapes: image [B 3 R R], mask [B 1 R R] (1 = hole, standing for the segmentation), mapped code [B latent],
        flat noise -> colours [B 3 R R].
    """

    def __init__(
        self,
        size: int,
        base: int,
        limit: int,
        latent: int,
        *,
        mapping_layers: int,
        mapping_rate: float,
        decoder_skips: bool,
    ):
        super().__init__()
        self.mapping = Mapping(latent, mapping_layers, mapping_rate)
        self.trunk = Trunk(size, base, limit, modulated_encoder=False, decoder_skips=decoder_skips)
        self.bank = StyleBank([latent], self.trunk.style_widths, "product")

    def forward(self, image: Tensor, mask: Tensor, mapped: Tensor, flat: Tensor | None) -> Tensor:
        return self.trunk(network_input(image, mask), self.bank([mapped]), flat)
