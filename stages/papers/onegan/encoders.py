"""The encoders of style, content and background.  Source: supp Tab. 5, 6 and 7."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stages.papers.onegan.blocks import SLOPE, DownBlock, Flat, GLULNorm, UpBlock, Vector, map_norm
from stages.papers.onegan.common import HALVINGS, NetsBlock, channels

BOUND = 10.0  # of log variances, ours (gap G24)


class Normal(NamedTuple):
    """A normal distribution of a code: mean, and s = log variance within [-10, 10]. Shapes: [B d] each."""

    mean: Tensor
    spread: Tensor

    def sample(self, noise: Tensor) -> Tensor:
        """mu + exp(s / 2) noise. Shapes: [B d] -> [B d]."""
        return self.mean + (self.spread / 2).exp() * noise


class NormalHead(nn.Module):
    """Two Linear layers: mu and sigma, the latter as s = log sigma².

    Source: supp Tab. 5, 6; the form of sigma is ours (gap G24).
    """

    def __init__(self, inputs: int, code: int) -> None:
        super().__init__()
        self.mean, self.spread = nn.Linear(inputs, code), nn.Linear(inputs, code)

    def forward(self, x: Tensor) -> Normal:
        return Normal(self.mean(x), self.spread(x).clamp(-BOUND, BOUND))


class Style(NamedTuple):
    """What E_c says: logits of the child class [B N_C], the distribution of v_c, and h_c [B 512]."""

    logits: Tensor
    child: Normal
    features: Tensor


class Content(NamedTuple):
    """What E_p says: logits of the parent class [B N_P], distributions of v_p and z, and B_fg [B 256 S/8 S/8]."""

    logits: Tensor
    parent: Normal
    pose: Normal
    bypass: Tensor


def descent(block: NetsBlock, inputs: int, printed: tuple[int, ...], side: int) -> nn.Sequential:
    """One halving for each number of channels; `side` is that of the input."""
    wide = [inputs, *(channels(one, block.width) for one in printed)]
    return nn.Sequential(*(
        DownBlock(first, second, side >> level, block.norm_affine)
        for level, (first, second) in enumerate(pairwise(wide), 1)
    ))  # fmt: skip


def bypass(block: NetsBlock) -> nn.Sequential:
    """K3P1, GLU-LNorm, UPBlk(256, 256) at the side that there is: B has the shape of the pre-image A.

    Tables 6 and 7 print UPBlk without a side; doubling would not give A's shape (gap G24).
    Source: supp Tab. 6, 7. Shapes: [B 256 S/8 S/8] -> same.
    """
    wide, side = channels(256, block.width), block.size_px >> 3
    return nn.Sequential(
        nn.Conv2d(wide, 2 * wide, 3, 1, 1), GLULNorm(wide, side, block.norm_affine),
        UpBlock(wide, wide, side, block.norm_affine),
    )  # fmt: skip


class StyleEncoder(nn.Module):
    """E_c.  Source: supp Tab. 5. Shapes: I [B 3 S S] -> Style."""

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        wide, hidden, least = channels(1024, block.width), channels(512, block.width), block.size_px >> HALVINGS
        self.stem = descent(block, 3, (64, 128, 256), block.size_px)
        self.trunk = descent(block, channels(256, block.width), (512, 1024), block.size_px >> 3)
        self.flat = Flat(wide, least, block.norm_affine)
        self.hidden = Vector(wide * least**2, hidden)
        self.logits = nn.Linear(hidden, block.children)
        self.child = NormalHead(hidden, block.child_code)

    def forward(self, image: Tensor) -> Style:
        features = self.hidden(self.flat(self.trunk(self.stem(image))))
        return Style(self.logits(features), self.child(features), features)


class ContentEncoder(nn.Module):
    """E_p: its stem's H_p goes into the bypass (E_p1) and into the trunk of the codes (E_p0).

    Table 6 prints N_C and d_c for the heads of h_p, whose codes are e_p and v_p: N_P and d_p here.
    Source: supp Tab. 6. Shapes: I [B 3 S S] -> Content.
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        wide, hidden, least = channels(1024, block.width), channels(512, block.width), block.size_px >> HALVINGS
        self.stem = descent(block, 3, (64, 128, 256), block.size_px)
        self.bypass = bypass(block)
        self.trunk = descent(block, channels(256, block.width), (512, 1024), block.size_px >> 3)
        self.flat = Flat(wide, least, block.norm_affine)
        self.parent_hidden = Vector(wide * least**2, hidden)
        self.logits = nn.Linear(hidden, block.parents)
        self.parent = NormalHead(hidden, block.parent_code)
        self.pose_hidden = Vector(wide * least**2, hidden)
        self.pose = NormalHead(hidden, block.pose)

    def forward(self, image: Tensor) -> Content:
        stem = self.stem(image)
        flat = self.flat(self.trunk(stem))
        features = self.parent_hidden(flat)
        pose = self.pose(self.pose_hidden(flat))
        return Content(self.logits(features), self.parent(features), pose, self.bypass(stem))

    def classify(self, image: Tensor) -> Tensor:
        """The logits alone. Shapes: [B 3 S S] -> [B N_P]."""
        return self.logits(self.parent_hidden(self.flat(self.trunk(self.stem(image)))))


class BackgroundEncoder(nn.Module):
    """E_bg: a picture and a mask → the bypass B_bg.

    Table 7 prints its first convolution without the norm and rectifier of Tables 5, 6, 9: `stem_norm` (gap G11).
    Source: supp Tab. 7. Shapes: [B 3 S S], [B 1 S S] -> [B 256 S/8 S/8].
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        first = channels(64, block.width)
        layers: list[nn.Module] = [nn.Conv2d(4, first, 4, 2, 1)]
        if block.stem_norm:
            layers += [map_norm(first, block.size_px >> 1, block.norm_affine), nn.LeakyReLU(SLOPE)]
        self.stem = nn.Sequential(*layers, *descent(block, first, (128, 256), block.size_px >> 1))
        self.bypass = bypass(block)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return self.bypass(self.stem(torch.cat([image, mask.to(image.dtype)], 1)))
