"""The generator from four noises to an image, and its discriminator."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from stages.engine.chance import initialised
from stages.nets.kaiming import kaiming
from stages.papers.ganseg.common import GeneratorBlock
from stages.papers.ganseg.generator import BackgroundGenerator, ForegroundGenerator, MaskGenerator, Painter
from stages.papers.ganseg.points import centers, part_scale
from stages.papers.ganseg.record import Generated, Noise


def perceptron(width: int, layers: int, out: int, slope: float) -> nn.Sequential:
    """`layers` times linear and leaky rectifier, then linear to `out`.  Source: code. Shapes: [B width] -> [B out]."""
    units = [unit for _ in range(layers) for unit in (nn.Linear(width, width), nn.LeakyReLU(slope))]
    return nn.Sequential(*units, nn.Linear(width, out))


class Generator(nn.Module):
    """Noise to points, points to masks, masks to image; each step can be called alone.

    points = tanh(MLP(z) / divisor);  w_k = w_const_k * w_dynamic;  after `fix_scale` tau is a constant.

    Source: supp §B; code (MLPs, divisor).
    Shapes: Noise -> Generated, see record.py.
    """

    fixed_scale: Tensor | None

    def __init__(self, block: GeneratorBlock):
        super().__init__()
        self.block = block
        self.register_buffer("fixed_scale", None)
        layers, width, slope = block.appearance_layers, block.embedding, block.slope
        self.to_points = perceptron(block.latent, block.point_layers, 2 * block.parts * block.points_per_part, slope)
        self.to_appearance = perceptron(block.latent, layers, width, slope)
        self.to_background = perceptron(block.latent, layers, width, slope)
        self.constants = nn.Embedding(block.parts, width)
        self.mask_generator = MaskGenerator(block)
        self.foreground_generator = ForegroundGenerator(block)
        self.background_generator = BackgroundGenerator(block)
        self.painter = Painter(block)
        kaiming(self, slope)

    def fix_scale(self, value: float) -> None:
        """From now on every part of every sample has this tau; it is saved with the weights."""
        self.register_buffer("fixed_scale", torch.tensor(value))

    def place(self, z: Tensor) -> Tensor:
        """Points (row, col). Shapes: [B z] -> [B K n 2]."""
        raw = (self.to_points(z) / self.block.point_divisor).tanh()
        return raw.view(len(z), self.block.parts, self.block.points_per_part, 2)

    def embed(self, z: Tensor) -> Tensor:
        """Part embeddings w_k = w_const_k * w_dynamic. Shapes: [B z] -> [B K d]."""
        return self.constants.weight * self.to_appearance(z)[:, None]

    def scale(self, points: Tensor) -> Tensor:
        """tau of each part, from its points or the constant. Shapes: [B K n 2] -> [B K]."""
        if self.fixed_scale is None:
            return part_scale(points, self.block.scale)
        return self.fixed_scale.to(points).expand(points.shape[:2])

    def masks(self, points: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(mask, heat-maps of the last level, tau)."""
        scale = self.scale(points)
        mask, heat = self.mask_generator(points, centers(points), scale, embeddings)
        return mask, heat, scale

    def foreground(self, mask: Tensor, positions: Tensor, embeddings: Tensor) -> Tensor:
        return self.foreground_generator(mask, positions, embeddings)

    def background(self, position: Tensor, embedding: Tensor) -> Tensor:
        return self.background_generator(position, embedding)

    def paint(self, mask: Tensor, foreground: Tensor, background: Tensor) -> Tensor:
        return self.painter(mask, foreground, background)

    def forward(self, noise: Noise) -> Generated:
        points, embeddings = self.place(noise.point), self.embed(noise.appearance)
        mask, heat, scale = self.masks(points, embeddings)
        positions, bg_embedding = centers(points), self.to_background(noise.bg_appearance)
        foreground = self.foreground(mask, positions, embeddings)
        background = self.background(noise.bg_position, bg_embedding)
        image = self.paint(mask, foreground, background)
        return Generated(points, positions, scale, embeddings, bg_embedding, heat, mask, foreground, background, image)


def build_generator(block: GeneratorBlock, seed: int) -> Generator:
    """An untrained generator, in evaluation mode: for drawings of the architecture, controls and exact tests."""
    with initialised(seed, "ganseg/generator"):
        return Generator(block).eval()


class Down(nn.Module):
    """(conv3 stride 2 (LReLU(conv3(LReLU(conv3(x))))) + conv1 stride 2 (x)) / sqrt(2).

    Source: code. Shapes: [B C H W] -> [B out H/2 W/2].
    """

    def __init__(self, channels: int, out: int, slope: float):
        super().__init__()
        self.slope = slope
        self.conv1 = nn.Conv2d(channels, out, 3, padding=1)
        self.conv2 = nn.Conv2d(out, out, 3, padding=1)
        self.conv3 = nn.Conv2d(out, out, 3, stride=2, padding=1)
        self.shortcut = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.conv1(x), self.slope)
        h = self.conv3(F.leaky_relu(self.conv2(h), self.slope))
        # The same as stride 2, whose gradient oneDNN computes wrongly (and past the end) in channels-last order.
        return (h + self.shortcut(x[..., ::2, ::2])) / math.sqrt(2)


class Discriminator(nn.Module):
    """Halves the side with one block for each width down to 2 px, then two linear layers; no normalisation.

    Source: code: widths 64, 128, 256, 512, 512, 512 at 128 px.
    Shapes: [B 3 S S] -> [B].
    Raises: ValueError for a number of widths that does not lead from the side to 2 px.
    """

    def __init__(self, size: int, widths: tuple[int, ...], slope: float):
        super().__init__()
        if size != 2 * 2 ** len(widths):
            raise ValueError(
                f"discriminator_channels: {len(widths)} widths halve {2 * 2 ** len(widths)} px, not {size}"
            )
        self.slope = slope
        pairs = zip((3, *widths), widths, strict=False)
        self.blocks = nn.Sequential(*(Down(before, after, slope) for before, after in pairs))
        self.hidden = nn.Linear(4 * widths[-1], widths[-1])
        self.last = nn.Linear(widths[-1], 1)
        kaiming(self, slope)

    def forward(self, x: Tensor) -> Tensor:
        h = F.leaky_relu(self.hidden(self.blocks(x).flatten(1)), self.slope)
        # Not a plain squeeze, which would lose a batch of one.
        return self.last(h).squeeze(-1)
