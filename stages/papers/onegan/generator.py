"""The generator of background, foreground and mask.  Source: supp Tab. 3 and 4."""

from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stages.papers.onegan.blocks import GLULNorm, ResBlock, UpBlock
from stages.papers.onegan.common import HALVINGS, NetsBlock, channels

TABLES = ("background.table", "foreground.parent_table", "foreground.child_table")


class Codes(NamedTuple):
    """What the tables hold for classes: v_c [B d_c], v_p [B d_p], v_bg [B d_bg]."""

    child: Tensor
    parent: Tensor
    background: Tensor


class Start(nn.Module):
    """G_fg0 and G_bg0: a code and z → Linear, Reshape, GLU-LNorm, two UPBlk: the pre-image A.

    Source: supp Tab. 3, 4. Shapes: [B d], [B d_z] -> [B 256 S/8 S/8] at the printed width.
    """

    def __init__(self, block: NetsBlock, code: int) -> None:
        super().__init__()
        wide, middle, narrow = (channels(printed, block.width) for printed in (1024, 512, 256))
        affine, self.least = block.norm_affine, block.size_px >> HALVINGS
        self.linear = nn.Linear(code + block.pose, 2 * wide * self.least**2)
        self.gate = GLULNorm(wide, self.least, affine)
        self.up = nn.Sequential(
            UpBlock(wide, middle, 2 * self.least, affine), UpBlock(middle, narrow, 4 * self.least, affine)
        )

    def forward(self, code: Tensor, pose: Tensor) -> Tensor:
        x = self.linear(torch.cat([code, pose], 1)).unflatten(1, (-1, self.least, self.least))
        return self.up(self.gate(x))


def ascent(block: NetsBlock, printed: tuple[int, int, int, int]) -> nn.Sequential:
    """Three UPBlk from S/8 to S.  Source: supp Tab. 3, 4. Shapes: [B c_0 S/8 S/8] -> [B c_3 S S]."""
    wide = [channels(one, block.width) for one in printed]
    sides = [block.size_px >> 2, block.size_px >> 1, block.size_px]
    return nn.Sequential(*(
        UpBlock(inputs, outputs, side, block.norm_affine)
        for (inputs, outputs), side in zip(pairwise(wide), sides, strict=True)
    ))  # fmt: skip


class Background(nn.Module):
    """G_bg with its table V_bg: start (G_bg0) makes A_bg, finish (G_bg1) the picture of it.

    Source: supp Tab. 3. Shapes: A_bg [B 256 S/8 S/8] -> I_bg [B 3 S S] in (-1, 1).
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        self.table = nn.Linear(block.parents, block.background_code, bias=False)
        self.start = Start(block, block.background_code)
        self.ascent = ascent(block, (256, 128, 64, 32))
        self.picture = nn.Conv2d(channels(32, block.width), 3, 3, 1, 1)

    def finish(self, start: Tensor) -> Tensor:
        """I_bg = G_bg1(A_bg)."""
        return self.picture(self.ascent(start)).tanh()


class Foreground(nn.Module):
    """G_fg with its tables V_p and V_c: start (G_fg0) makes A_fg, finish (G_fg1, G_fg2) picture and mask of it.

    Table 4 prints UPBlk(64, 3, 128) before RESBlk(64, d_p, 32), which takes 64 channels: 64 here.
    Source: supp Tab. 4. Shapes: A_fg [B 256 S/8 S/8], v_p, v_c -> I_fg [B 3 S S] in (-1, 1), I_m [B 1 S S] in (0, 1).
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        self.parent_table = nn.Linear(block.parents, block.parent_code, bias=False)
        self.child_table = nn.Linear(block.children, block.child_code, bias=False)
        self.start = Start(block, block.parent_code)
        self.ascent = ascent(block, (256, 128, 64, 64))
        first, second, third = (channels(printed, block.width) for printed in (64, 32, 16))
        self.shape = ResBlock(first, block.parent_code, second, block.size_px, block.norm_affine)
        self.style = ResBlock(second, block.child_code, third, block.size_px, block.norm_affine)
        self.picture = nn.Conv2d(third, 3, 3, 1, 1)
        self.mask = nn.Conv2d(third, 1, 3, 1, 1)

    def finish(self, start: Tensor, parent: Tensor, child: Tensor) -> tuple[Tensor, Tensor]:
        """(I_fg, I_m) = G_fg2(G_fg1(A_fg), v_p, v_c)."""
        features = self.style(self.shape(self.ascent(start), parent), child)
        return self.picture(features).tanh(), self.mask(features).sigmoid()


class Generator(nn.Module):
    """V_bg, V_p, V_c, G_bg and G_fg.  Source: supp Tab. 1, 3, 4."""

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        self.background, self.foreground = Background(block), Foreground(block)

    def codes(self, child: Tensor, parent: Tensor) -> Codes:
        """The codes of one-hot vectors, or of any weights of classes; e_bg = e_p.

        Source: supp Tab. 1. Shapes: float [B N_C], [B N_P].
        """
        fore = self.foreground
        return Codes(fore.child_table(child), fore.parent_table(parent), self.background.table(parent))
