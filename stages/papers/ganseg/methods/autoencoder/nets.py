"""Auto-encoders that take the place of the point generator, or of points and masks."""

import torch
from torch import Tensor, nn

from stages.nets.deeplab import DeepLabV3
from stages.nets.kaiming import kaiming
from stages.nets.trunks.resnet import ResNet
from stages.nets.unet import UNet
from stages.papers.ganseg.generator import BackgroundGenerator, ForegroundGenerator, MaskGenerator, Painter
from stages.papers.ganseg.grid import grid
from stages.papers.ganseg.methods.autoencoder.block import Block
from stages.papers.ganseg.points import centers, part_scale

EPSILON = 1e-6  # as in the concentration loss: the centroid of an empty mask stays finite


def expected_places(maps: Tensor, places: Tensor) -> Tensor:
    """Spatial softmax, then the mean coordinate.  Source: ours (gap G20). Shapes: [B N H W], [H W 2] -> [B N 2]."""
    return maps.flatten(2).softmax(2) @ places.flatten(0, 1)


def centroids(parts: Tensor, places: Tensor) -> Tensor:
    """sum_p M_k p / (sum_p M_k + 1e-6).  Source: ours (gap G20). Shapes: [B K H W], [H W 2] -> [B K 2]."""
    share = parts / (parts.sum((2, 3), keepdim=True) + EPSILON)
    return share.flatten(2) @ places.flatten(0, 1)


class AutoEncoder(nn.Module):
    """An image to points or masks, embeddings and a background, and back to the image.

    points: U-Net -> heat-maps -> points -> the generator's masks. masks: DeepLabV3 -> softmax over K + 1, the centroids
    take the place of the part positions. In both one residual network gives w_dynamic, another w_bg and the position
    of the background (tanh); foreground, background and head are the generator's.

    Source: supp §F.1; what it leaves open: gap G20.
    Shapes: image [B 3 S S] -> image [B 3 S S], mask [B K+1 S S] (background last), centers [B K 2],
        points [B K n 2] or None.
    """

    def __init__(self, block: Block):
        super().__init__()
        self.block = block
        width = block.embedding
        self.foreground_generator = ForegroundGenerator(block)
        self.background_generator = BackgroundGenerator(block)
        self.painter = Painter(block)
        if block.kind == "points":
            self.mask_generator = MaskGenerator(block)
        kaiming(self, block.slope)
        self.constants = nn.Embedding(block.parts, width)
        self.to_appearance = ResNet(block.encoder, block.encoder_width, block.stem, width)
        self.to_background = ResNet(block.encoder, block.encoder_width, block.stem, width + 2)
        if block.kind == "points":
            count = block.parts * block.points_per_part
            self.to_points = UNet(3, count, block.unet_base, block.unet_depth)
        else:
            trunk = (block.trunk, block.trunk_width, block.stem, block.rates, block.rates_hidden)
            self.to_masks = DeepLabV3(*trunk, dropout=0.0, classes=block.parts + 1)

    def find(self, image: Tensor, embeddings: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """(mask, centers, points) of an image."""
        block = self.block
        places = grid(block.size_px, 0, block.grid, image)
        if block.kind == "masks":
            mask = self.to_masks(image).softmax(1)
            return mask, centroids(mask[:, :-1], places), None
        found = expected_places(self.to_points(image), places)
        points = found.view(len(image), block.parts, block.points_per_part, 2)
        positions = centers(points)
        mask, _ = self.mask_generator(points, positions, part_scale(points, block.scale), embeddings)
        return mask, positions, points

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        embeddings = self.constants.weight * self.to_appearance(image)[:, None]
        behind = self.to_background(image)
        mask, positions, points = self.find(image, embeddings)
        foreground = self.foreground_generator(mask, positions, embeddings)
        background = self.background_generator(torch.tanh(behind[:, -2:]), behind[:, :-2])
        return self.painter(mask, foreground, background), mask, positions, points
