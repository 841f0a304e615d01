"""SPADE's generator: from a map of labels to an image, without noise."""

import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.spade import Spade, SpadeBlock
from stages.nets.spectral import spectral
from stages.nets.xavier import xavier

SLOPE = 0.2
WIDEST = 16  # times the width


class SpadeGenerator(nn.Module):
    """conv3 of the smallest label map, SPADE blocks between doublings of the side, LReLU, conv3, tanh.

    Widths: 16 w at the smallest side and, after the first doubling, two blocks of 16 w; then half of it after each
    further doubling, so that the last convolution reads 32 w / 2^doublings (w for 5, 4 w for 3). Doublings are nearest.
    The block's convolutions are spectrally normalised; the norms are batch norms without parameters, over all
    processes' rows where several train (engine/norms.py).

    Source: SPADE, Park et al. 2019, figure 11, and code ("normal", no VAE): 96,492,483 parameters for 151 labels,
    92,538,819 for 19 and 92,568,771 for 20, with width 64, 128 hidden channels and 5 doublings.
    Shapes: condition [B labels H W] -> image [B 3 H W] in (-1, 1); H and W multiples of 2^doublings.
    Raises: ValueError for no doubling, a width that cannot be halved so often, or sides that are no such multiples.
    """

    def __init__(self, labels: int, width: int, hidden: int, doublings: int, gain: float):
        super().__init__()
        if doublings < 1 or WIDEST * width % 2 ** (doublings - 1):
            raise ValueError(f"expected doublings of at least 1 that halve 16 x {width} channels, got {doublings}")
        widest = WIDEST * width
        widths = [(widest, widest)] * 3 + [(widest >> level, widest >> level + 1) for level in range(doublings - 1)]
        self.shrink = 2**doublings
        self.stem = nn.Conv2d(labels, widest, 3, padding=1)
        self.blocks = nn.ModuleList(
            SpadeBlock(before, after, labels, hidden, SLOPE, style_slope=0.0, plain_shortcut=True)
            for before, after in widths
        )
        self.last = nn.Conv2d(widths[-1][1], 3, 3, padding=1)
        initialise(self, gain)
        present = dict(self.blocks.named_modules())
        names = [f"{number}.{name}" for number in range(len(widths)) for name in SpadeBlock.CONVOLUTIONS]
        spectral(self, [f"blocks.{name}" for name in names if present.get(name) is not None])

    def forward(self, condition: Tensor) -> Tensor:
        height, width = condition.shape[2:]
        if height % self.shrink or width % self.shrink:
            raise ValueError(f"expected label maps whose sides are multiples of {self.shrink}, got {height} x {width}")
        x = self.stem(F.interpolate(condition, (height // self.shrink, width // self.shrink), mode="nearest"))
        for number, block in enumerate(self.blocks):
            # The third block follows the second on the same side.
            if number not in (0, 2):
                x = F.interpolate(x, scale_factor=2, mode="nearest")
            x = block(x, condition)
        return self.last(F.leaky_relu(x, SLOPE)).tanh()


def initialise(net: nn.Module, gain: float) -> None:
    """Xavier-normal, zero biases; gamma's and beta's convolutions each for their own outputs, as if they were apart."""
    xavier(net, gain)
    for module in net.modules():
        if isinstance(module, Spade):
            for half in module.heads.weight.detach().chunk(2):
                nn.init.xavier_normal_(half, gain)
