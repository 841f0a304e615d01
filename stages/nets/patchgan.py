"""Discriminators that judge patches: CUT's blurred one, and the strided ones of SPADE on several scales."""

import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.blur import BlurDown
from stages.nets.spectral import spectral
from stages.nets.xavier import xavier

SLOPE = 0.2
KERNEL = 4
WIDEST = 8  # times the first width


class BlurredPatchGAN(nn.Module):
    """`levels` times (conv4, LReLU, blurred halving), then conv4, LReLU, conv4 to one logit a patch; no sigmoid.

    All convolutions have stride 1 and one pixel of zeros; all but the first and the last are followed by an instance
    norm without weights. Widths double up to eight times the first.

    Source: CUT, Park et al. 2020 (code, n_layers_D = levels): 2,764,737 parameters with width 64 and 3 levels.
    Shapes: images [B 3 H W] -> [B 1 h w], 30 x 30 for 256 x 256 and 3 levels.
    """

    def __init__(self, width: int, levels: int, gain: float):
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, KERNEL, padding=1), nn.LeakyReLU(SLOPE)]
        channels = width
        for level in range(1, levels + 1):
            out = width * min(2**level, WIDEST)
            conv = nn.Conv2d(channels, out, KERNEL, padding=1)
            layers += [BlurDown(), conv, nn.InstanceNorm2d(out), nn.LeakyReLU(SLOPE)]
            channels = out
        self.layers = nn.Sequential(*layers, nn.Conv2d(channels, 1, KERNEL, padding=1))
        xavier(self, gain)

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images)


class StridedPatchGAN(nn.Module):
    """conv4, LReLU; `levels` - 1 times (conv4 without bias, instance norm, LReLU); conv4 to one logit a patch.

    All convolutions have two pixels of zeros, and stride 2 but for the last two. Those in the middle are spectrally
    normalised. Widths double up to eight times the first.

    Source: SPADE, Park et al. 2019, §A and code (n_layers_D = levels, spectralinstance).
    Shapes: x [B C H W] -> a list of levels + 1 maps, the logits [B 1 h w] last.
    """

    def __init__(self, channels: int, width: int, levels: int, gain: float):
        super().__init__()
        first = nn.Conv2d(channels, width, KERNEL, 2, 2)
        stages: list[nn.Sequential] = [nn.Sequential(first, nn.LeakyReLU(SLOPE))]
        before = width
        for level in range(1, levels):
            out = width * min(2**level, WIDEST)
            conv = nn.Conv2d(before, out, KERNEL, 2 if level < levels - 1 else 1, 2, bias=False)
            stages.append(nn.Sequential(conv, nn.InstanceNorm2d(out), nn.LeakyReLU(SLOPE)))
            before = out
        self.stages = nn.ModuleList([*stages, nn.Sequential(nn.Conv2d(before, 1, KERNEL, 1, 2))])
        xavier(self, gain)
        spectral(self, [f"stages.{level}.0" for level in range(1, levels)])

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class MultiscalePatchGAN(nn.Module):
    """One strided discriminator a scale; each sees half the side of the one before, averaged over 3 x 3 pixels.

    Source: Wang et al. 2018, §3.2; SPADE (code): 5,836,930 parameters for 154 channels (151 of the condition and the
    image), width 64, 4 levels and 2 scales.
    Shapes: condition and image side by side [B C H W] -> for each scale a list of maps, the logits last.
    """

    def __init__(self, channels: int, width: int, levels: int, scales: int, gain: float):
        super().__init__()
        self.scales = nn.ModuleList(StridedPatchGAN(channels, width, levels, gain) for _ in range(scales))

    def forward(self, x: Tensor) -> list[list[Tensor]]:
        found = []
        for number, scale in enumerate(self.scales):
            if number:
                x = F.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
            found.append(scale(x))
        return found
