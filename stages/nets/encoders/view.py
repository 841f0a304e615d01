"""What an encoder sees of an image: crop, size, normalisation; differentiable with respect to the image."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

CROP_GRID = 256


@dataclass(frozen=True)
class View:
    """Crop, resize and normalise images of [-1, 1].

    Source: ContrasFill spec §3.1 (crop given on a 256-px grid, scaled by R/256 and rounded) and §3.2 (whole image,
    bilinear with antialiasing); settled point 27 (`shrink` "pool": average pooling where the crop exceeds size_px).
    Shapes: [B 3 R R] -> [B 3 size_px size_px]; any square R.
    Units: crop (top, left, height, width) in pixels of a 256-px image; mean and std for values in [0, 1].
    Raises: ValueError for images that are not square RGB batches, or an unknown way to shrink.
    """

    size_px: int
    crop: tuple[int, int, int, int]
    shrink: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self):
        if self.shrink not in ("pool", "bilinear"):
            raise ValueError(f"expected view.shrink to be pool or bilinear, got {self.shrink!r}")
        top, left, height, width = self.crop
        if min(top, left) < 0 or min(height, width) < 1 or top + height > CROP_GRID or left + width > CROP_GRID:
            raise ValueError(f"expected view.crop (top, left, height, width) within {CROP_GRID} px, got {self.crop}")
        if min(self.std) <= 0:
            raise ValueError(f"expected view.std above 0, got {self.std}")

    def __call__(self, images: Tensor) -> Tensor:
        if images.dim() != 4 or images.shape[1] != 3 or images.shape[2] != images.shape[3]:
            raise ValueError(f"expected square RGB images [B 3 R R] in [-1, 1], got shape {tuple(images.shape)}")
        top, left, height, width = (round(edge * images.shape[2] / CROP_GRID) for edge in self.crop)
        images = images[:, :, top : top + max(height, 1), left : left + max(width, 1)]
        if images.shape[2:] != (self.size_px, self.size_px):
            images = self._resize(images)
        mean = torch.tensor(self.mean, device=images.device).view(1, 3, 1, 1)
        std = torch.tensor(self.std, device=images.device).view(1, 3, 1, 1)
        return ((images + 1) / 2 - mean) / std

    def _resize(self, images: Tensor) -> Tensor:
        size = (self.size_px, self.size_px)
        if self.shrink == "pool" and min(images.shape[2:]) >= self.size_px:
            return F.adaptive_avg_pool2d(images, size)
        return F.interpolate(images, size=size, mode="bilinear", align_corners=False, antialias=True)
