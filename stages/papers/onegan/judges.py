"""The discriminators of objects and of backgrounds.  Source: supp Tab. 8 and 9."""

from typing import NamedTuple

from torch import Tensor, nn
from torch.nn import functional as F

from stages.papers.onegan.blocks import SLOPE, Flat, Vector
from stages.papers.onegan.common import HALVINGS, NetsBlock, channels
from stages.papers.onegan.encoders import descent


class Judged(NamedTuple):
    """What D_c says: D_c_C [B 512 S/16 S/16], H [B 16384 at the printed size], D_c_A [B] as logits."""

    features: Tensor
    hidden: Tensor
    real: Tensor


class JudgedBackground(NamedTuple):
    """What D_bg says: D_bg_C [B 256 n n], D_bg_A and D_bg_B [B m m] as logits; m = n - 3."""

    features: Tensor
    real: Tensor
    kind: Tensor


class ChildJudge(nn.Module):
    """D_c with head A: is it a photo?  Source: supp Tab. 9. Shapes: I [B 3 S S] -> Judged."""

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        wide, hidden, least = channels(1024, block.width), channels(512, block.width), block.size_px >> HALVINGS
        self.stem = descent(block, 3, (64, 128, 256, 512), block.size_px)
        self.trunk = descent(block, channels(512, block.width), (1024,), block.size_px >> 4)
        self.flat = Flat(wide, least, block.norm_affine)
        self.hidden = Vector(wide * least**2, hidden)
        self.real = nn.Linear(hidden, 1)

    def forward(self, image: Tensor) -> Judged:
        features = self.stem(image)
        flat = self.flat(self.trunk(features))
        return Judged(features, flat, self.real(self.hidden(flat))[:, 0])


class ChildHead(nn.Module):
    """Head B of D_c: of which child class is it? A net of its own, since generator and encoders move it.

    Source: supp Tab. 9; code (FineGAN). Shapes: H [B 16384 at the printed size] -> logits [B N_C].
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        wide, hidden, least = channels(1024, block.width), channels(512, block.width), block.size_px >> HALVINGS
        self.hidden = Vector(wide * least**2, hidden)
        self.logits = nn.Linear(hidden, block.children)

    def forward(self, hidden: Tensor) -> Tensor:
        return self.logits(self.hidden(hidden))


class BackgroundJudge(nn.Module):
    """D_bg: is a patch real (A), and is it background (B)? No norms.

    Source: supp Tab. 8; the resize is bilinear with aligned corners (gap G16). Shapes: I [B 3 S S] -> JudgedBackground.
    """

    def __init__(self, block: NetsBlock) -> None:
        super().__init__()
        self.side = block.d_bg_side
        first, second, third = (channels(printed, block.width) for printed in (64, 128, 256))
        self.layers = nn.Sequential(
            nn.Conv2d(3, first, 4, 2), nn.LeakyReLU(SLOPE),
            nn.Conv2d(first, second, 4, 2), nn.LeakyReLU(SLOPE),
            nn.Conv2d(second, third, 4, block.d_bg_stride), nn.LeakyReLU(SLOPE),
        )  # fmt: skip
        self.real, self.kind = nn.Conv2d(third, 1, 4), nn.Conv2d(third, 1, 4)

    def forward(self, image: Tensor) -> JudgedBackground:
        if image.shape[-1] != self.side:
            image = F.interpolate(image, size=(self.side, self.side), mode="bilinear", align_corners=True)
        features = self.layers(image)
        return JudgedBackground(features, self.real(features)[:, 0], self.kind(features)[:, 0])


class Judges(NamedTuple):
    """D_c, its head B, and D_bg, as the last step of a training left them; no averages are kept of them."""

    child: ChildJudge
    child_head: ChildHead
    background: BackgroundJudge
