"""The image-to-image generator of CUT: a flat list of numbered layers, whose outputs can be tapped."""

from collections.abc import Sequence
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.blur import BlurDown, BlurUp
from stages.nets.xavier import xavier

MARGIN = 3
FEWEST_BLOCKS = 5
STEP = 4  # two halvings


class ResidualBlock(nn.Module):
    """x + IN(conv3(ReLU(IN(conv3(x))))), the borders mirrored.

    Source: Johnson et al. 2016; CUT (code).
    Shapes: [B C H W] -> [B C H W].
    """

    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3) for _ in range(2))
        self.norm = nn.InstanceNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        h = self.relu(self.norm(self.conv1(_mirrored(x, 1))))
        return x + self.norm(self.conv2(_mirrored(h, 1)))


class Mirror(nn.Module):
    """The image with `margin` mirrored pixels at each border.    Shapes: [B C H W] -> [B C H+2m W+2m]."""

    def __init__(self, margin: int):
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor) -> Tensor:
        return _mirrored(x, self.margin)


class ResnetGenerator(nn.Module):
    """Mirror, conv7, two blurred halvings, residual blocks, two blurred doublings, conv7, tanh.

    `layers` counts as the loss does: 0 the mirrored image, 4 and 8 the widening convolutions (before their norms),
    12 and on the residual blocks. `layer0` "unpadded" taps the image itself at 0. `blur` False is the control: the
    stride is in the convolutions and the places of the resampling layers are empty. Instance norms have no weights and
    keep no statistics.

    Source: CUT, Park et al. 2020 (code, resnet_9blocks): 11,378,179 parameters with width 64 and 9 blocks.
    Shapes: images [B 3 H W] in [-1, 1] -> [B 3 H W] in (-1, 1); H and W multiples of 4.
    Raises: ValueError for fewer than five blocks (the last layer of the loss is the fifth), an unknown `layer0`, sides
        that are no multiples of 4, and taps that do not ascend within the layers.
    """

    def __init__(
        self, width: int, blocks: int, gain: float, layer0: Literal["padded", "unpadded"] = "padded", blur: bool = True
    ):
        super().__init__()
        if blocks < FEWEST_BLOCKS:
            raise ValueError(f"expected at least {FEWEST_BLOCKS} residual blocks, got {blocks}")
        if layer0 not in ("padded", "unpadded"):
            raise ValueError(f"expected layer0 to be padded or unpadded, got {layer0!r}")
        self.layer0 = layer0
        layers: list[nn.Module] = [Mirror(MARGIN), nn.Conv2d(3, width, 7), *_norm(width)]
        for channels in (width, 2 * width):
            conv = nn.Conv2d(channels, 2 * channels, 3, 1 if blur else 2, 1)
            layers += [conv, *_norm(2 * channels), BlurDown() if blur else nn.Identity()]
        layers += [ResidualBlock(4 * width) for _ in range(blocks)]
        for channels in (4 * width, 2 * width):
            if blur:
                layers += [BlurUp(), nn.Conv2d(channels, channels // 2, 3, padding=1)]
            else:
                layers += [nn.Identity(), nn.ConvTranspose2d(channels, channels // 2, 3, 2, 1, 1)]
            layers += _norm(channels // 2)
        layers += [Mirror(MARGIN), nn.Conv2d(width, 3, 7), nn.Tanh()]
        self.layers = nn.ModuleList(layers)
        xavier(self, gain)

    def forward(self, images: Tensor, taps: Sequence[int] = ()) -> tuple[Tensor, list[Tensor]]:
        """The made images, and the outputs of the tapped layers in their order."""
        height, width = images.shape[2:]
        if height % STEP or width % STEP:
            raise ValueError(f"expected images whose sides are multiples of {STEP}, got {height} x {width}")
        return self._through(images, taps, len(self.layers))

    def encode(self, images: Tensor, taps: Sequence[int]) -> list[Tensor]:
        """The outputs of the tapped layers; nothing above the last one is computed. Any sides."""
        return self._through(images, taps, taps[-1] + 1 if taps else 0)[1]

    def channels(self, taps: Sequence[int]) -> list[int]:
        """The channels of the tapped layers' outputs."""
        width, found = 3, []
        for number, layer in enumerate(self.layers):
            width = layer.out_channels if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) else width
            found += [width] if number in taps else []
        return found

    def _through(self, images: Tensor, taps: Sequence[int], count: int) -> tuple[Tensor, list[Tensor]]:
        known = list(taps)
        if known != sorted(set(known)) or any(not 0 <= tap < len(self.layers) for tap in known):
            raise ValueError(f"expected taps that ascend within 0..{len(self.layers) - 1}, got {known}")
        x, found = images, []
        for number, layer in enumerate(self.layers[:count]):
            x = layer(x)
            if number in known:
                found.append(images if number == 0 and self.layer0 == "unpadded" else x)
        return x, found


def _norm(channels: int) -> list[nn.Module]:
    # Not in place: the layer before may be tapped.
    return [nn.InstanceNorm2d(channels), nn.ReLU()]


def _mirrored(x: Tensor, margin: int) -> Tensor:
    return F.pad(x, (margin,) * 4, mode="reflect")
