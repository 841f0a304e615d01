"""The levels below the points: masks, foreground, background, and the image that is blended from them."""

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.nets.adain import AdaptiveBlock
from stages.nets.spade import SpadeBlock
from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.grid import cropped, grid
from stages.papers.ganseg.heatmap import heatmaps, spread_vectors


class Start(nn.Module):
    """M0(p) = [sin(pi FC(D)), cos(pi FC(D))], D = all differences between the points and p; FC a 1x1 convolution.

    Source: code (the sign of the differences, absorbed by the weights).
    Shapes: points [B N 2], places [H W 2] -> [B channels H W].
    """

    def __init__(self, points: int, channels: int):
        super().__init__()
        self.project = nn.Conv2d(2 * points, channels // 2, 1)

    def forward(self, points: Tensor, places: Tensor) -> Tensor:
        differences = (points[:, :, None, None] - places).permute(0, 1, 4, 2, 3).flatten(1, 2)
        phase = math.pi * self.project(differences)
        return torch.cat([phase.sin(), phase.cos()], 1)


class Levels(nn.Module):
    """A chain of blocks on maps that go on for a margin around the visible part.

    After a doubling (bilinear, to 2 s + 4 m pixels) the map is cropped by m on each side to 2 s + 2 m; at the end by m
    to the visible part. Every level has a block of its own.

    Source: supp §E (margin and crop); code.
    Shapes: start [B C s0+2m s0+2m], steer(size) -> what the blocks of that size are steered by -> [B out S S].
    """

    def __init__(self, kind: type[nn.Module], widths: list[int], block: GeneratorBlock):
        super().__init__()
        steering = (block.embedding, block.hidden, block.slope)
        self.sizes, self.margin = block.feature_sizes, block.margin
        pairs = pairwise(widths)
        self.blocks = nn.ModuleList(kind(before, after, *steering) for before, after in pairs)

    def forward(self, x: Tensor, steer) -> Tensor:
        last = self.sizes[0]
        style = steer(last)
        for size, block in zip(self.sizes, self.blocks, strict=True):
            if size != last:
                x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
                x, style, last = cropped(x, self.margin), steer(size), size
            x = block(x, style)
        return cropped(x, self.margin)


class Level(nn.Module):
    """A generator of one level: a start tensor at the first side, then its chain of blocks."""

    kind: type[nn.Module]

    def __init__(self, block: GeneratorBlock, points: int, widths: list[int]):
        super().__init__()
        self.block = block
        self.start = Start(points, widths[0])
        self.levels = Levels(self.kind, widths, block)

    def places(self, size: int, like: Tensor) -> Tensor:
        """The extended grid of one side."""
        return grid(size, self.block.margin, self.block.grid, like)

    def begin(self, points: Tensor) -> Tensor:
        """The start tensor of these points. Shapes: [B N 2] -> [B C s0+2m s0+2m]."""
        return self.start(points, self.places(self.block.feature_sizes[0], points))


class MaskGenerator(Level):
    """Points and embeddings to soft masks.

    Style W(p) = sum_k H_k(p) w_k, made anew at each side on the extended grid; softmax over K parts and background.

    Source: supp §B.2; code.
    Shapes: points [B K n 2], centers [B K 2], scale [B K], embeddings [B K d] ->
        mask [B K+1 S S] (background last), heat-maps of the last level [B K S S].
    """

    kind = SpadeBlock

    def __init__(self, block: GeneratorBlock):
        inner = [block.embedding] * (len(block.channels) - 1)
        super().__init__(block, block.parts * block.points_per_part, [block.channels[0], *inner, block.parts + 1])

    def heat(self, centers: Tensor, scale: Tensor, size: int) -> Tensor:
        """Heat-maps on the extended grid of one side."""
        return heatmaps(centers, scale, self.places(size, centers), self.block.kernel)

    def forward(self, points: Tensor, centers: Tensor, scale: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        found: dict[int, Tensor] = {}

        def steer(size: int) -> Tensor:
            found[size] = self.heat(centers, scale, size)
            return spread_vectors(found[size], embeddings)

        logits = self.levels(self.begin(points.flatten(1, 2)), steer)
        return logits.softmax(1), cropped(found[self.block.feature_sizes[-1]], self.block.margin)


class ForegroundGenerator(Level):
    """Part masks, positions and embeddings to features of the foreground.

    Style W(p) = sum_k M_k(p) w_k, the part masks resized bilinearly and repeated outwards over the margin.

    Source: supp §B.2; code (replication).
    Shapes: mask [B K+1 S S], centers [B K 2], embeddings [B K d] -> [B d S S].
    """

    kind = SpadeBlock

    def __init__(self, block: GeneratorBlock):
        super().__init__(block, block.parts, [*block.channels, block.embedding])

    def forward(self, mask: Tensor, centers: Tensor, embeddings: Tensor) -> Tensor:
        parts, margin = mask[:, :-1], self.block.margin

        def steer(size: int) -> Tensor:
            small = parts
            if size != parts.shape[-1]:
                small = F.interpolate(parts, (size, size), mode="bilinear", align_corners=False)
            return spread_vectors(F.pad(small, (margin,) * 4, mode="replicate"), embeddings)

        return self.levels(self.begin(centers), steer)


class BackgroundGenerator(Level):
    """A position and an embedding to features of the background, independent of all points.

    Source: supp §B.3; code.
    Shapes: position [B 2], embedding [B d] -> [B d S S].
    """

    kind = AdaptiveBlock

    def __init__(self, block: GeneratorBlock):
        super().__init__(block, 1, [*block.channels, block.embedding])

    def forward(self, position: Tensor, embedding: Tensor) -> Tensor:
        return self.levels(self.begin(position[:, None]), lambda size: embedding)


class Painter(nn.Module):
    """Blend in feature space, then the head: image = tanh(head(LReLU((1 - M_bg) F + M_bg B))).

    Source: supp §E (blended at the end); code (head: conv3, LReLU, conv3 after the crop, or one 1x1 convolution).
    Shapes: mask [B K+1 S S], foreground and background [B d S S] -> [B 3 S S].
    """

    def __init__(self, block: GeneratorBlock):
        super().__init__()
        width, self.slope = block.embedding, block.slope
        self.inner = None if block.single_final else nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 3, 1) if block.single_final else nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, mask: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
        share = mask[:, -1:]
        x = F.leaky_relu((1 - share) * foreground + share * background, self.slope)
        if self.inner is not None:
            x = F.leaky_relu(self.inner(x), self.slope)
        return self.last(x).tanh()
