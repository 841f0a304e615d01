"""Affine maps of the plane, one 3x3 matrix an image, and images warped by them with little aliasing.

A place is the column (x, y, 1) in pixels from the middle of the image, x to the right and y down.

Source: ADA pipe of StyleGAN2-ADA (paper appendix B; code).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.nets.stylegan.resample import filtered
from stages.papers.mscond.matrices import product

# Low-pass filter of the orthogonal wavelet sym6 (Daubechies 1992, least asymmetric, six vanishing moments), sum sqrt 2.
SYM6 = (
    0.015404109327027373, 0.0034907120842174702, -0.11799011114819057, -0.048311742585633, 0.4910559419267466,
    0.787641141030194, 0.3379294217276218, -0.07263752278646252, -0.021060292512300564, 0.04472490177066578,
    0.0017677118642428036, -0.007800708325034148,
)  # fmt: skip
REACH = len(SYM6) // 4  # of the filter at each side, in pixels of the image


def translated(x: Tensor, y: Tensor) -> Tensor:
    """(x, y) added.  Shapes: [B], [B] -> [B 3 3].  Units: pixels."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix(one, zero, x, zero, one, y)


def scaled(x: Tensor, y: Tensor) -> Tensor:
    """Times x to the right and times y down.  Shapes: [B], [B] -> [B 3 3]."""
    zero = torch.zeros_like(x)
    return _matrix(x, zero, zero, zero, y, zero)


def rotated(angle: Tensor) -> Tensor:
    """A turn from x towards y.  Shapes: [B] -> [B 3 3].  Units: radians."""
    zero, sin, cos = torch.zeros_like(angle), angle.sin(), angle.cos()
    return _matrix(cos, -sin, zero, sin, cos, zero)


def _matrix(*two_rows: Tensor) -> Tensor:
    zero = torch.zeros_like(two_rows[0])
    return torch.stack([*two_rows, zero, zero, zero + 1], 1).view(-1, 3, 3)


def margins(source: Tensor, width: int, height: int) -> tuple[int, int, int, int]:
    """Pixels beyond the border that any image of the batch shows or its filters read: left, right, top, bottom.

    Never as many as the image has, since a mirrored margin ends there.
    Shapes: source [B 3 3].
    """
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = source.new_tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]])
    seen = product(source, corners[None])[:, :2].transpose(0, 1).flatten(1)
    found = []
    for places, middle, side in zip(seen, (x, y), (width, height), strict=True):
        for furthest in (-places.min(), places.max()):
            found.append(min(max(math.ceil(float(furthest) + 2 * REACH - middle), 0), side - 1))
    return found[0], found[1], found[2], found[3]


def doubling(side: int, before: int, after: int, like: Tensor) -> Tensor:
    """Mirrored margins, zeros between pixels and the filter along one side, as one matrix.

    Row r holds the weights of an image's pixels in pixel r of the doubled image.
    Shapes: -> [2 (before + side + after) side], like `like`.
    """
    pixels = F.pad(torch.eye(side, dtype=like.dtype, device=like.device)[:, None], (before, after), mode="reflect")
    taps = math.sqrt(2) * torch.tensor(SYM6, dtype=like.dtype, device=like.device)
    return F.conv_transpose1d(pixels, taps[None, None], stride=2, padding=(len(SYM6) - 2) // 2)[:, 0].t()


def sampled(images: Tensor, places: Tensor) -> Tensor:
    """Bilinear interpolation at places counted in pixels from the first pixel's middle; 0 outside.

    One `gather`, whose second derivative every version of torch has; `grid_sample` has none before 2.15.
    Shapes: images [B C H W], places [B 2 h w] (x, y) -> [B C h w].
    """
    batch, channels, height, width = images.shape
    # With two rings of zeros, whatever is further out reads zeros too.
    flat, width = F.pad(images, (2, 2, 2, 2)).flatten(2), width + 4
    corner = places.floor()
    right, down = (places - corner).flatten(2).unbind(1)
    weights = torch.stack([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], 1)
    x, y = corner[:, 0].clamp(-2, width - 4) + 2, corner[:, 1].clamp(-2, height) + 2
    first = (y.long() * width + x.long()).flatten(1)
    index = torch.cat([first, first + 1, first + width, first + width + 1], 1)
    values = flat.gather(2, index[:, None].expand(-1, channels, -1)).view(batch, channels, 4, -1)
    return (values * weights[:, None]).sum(2).view(batch, channels, *places.shape[2:])


def warped(images: Tensor, source: Tensor) -> Tensor:
    """Images whose place p shows what is at place `source` p of the given ones; mirrored beyond the border.

    Mirrored margin, doubling with the filter, bilinear interpolation, halving with the filter turned around. The filter
    is orthogonal, so that nothing changes under the identity: such images are left out.

    Source: ADA appendix B; StyleGAN2-ADA (code).
    Shapes: images [B C H W], source [B 3 3] on the CPU -> [B C H W].
    """
    moved = (source != torch.eye(3, dtype=source.dtype)).flatten(1).any(1).nonzero().flatten()
    if len(moved) == 0:
        return images
    rows = moved.to(images.device)
    return images.index_copy(0, rows, resampled(images.index_select(0, rows), source[moved]))


def resampled(images: Tensor, source: Tensor) -> Tensor:
    """What `warped` makes of images that change.  Shapes: as there."""
    height, width = images.shape[2:]
    left, right, top, bottom = margins(source, width, height)
    images = doubling(height, top, bottom, images) @ images @ doubling(width, left, right, images).t()

    def shift(x: float, y: float) -> Tensor:
        return translated(source.new_tensor([x]), source.new_tensor([y]))

    double, half = (scaled(factor, factor) for factor in source.new_tensor([[2.0], [0.5]]))
    source = product(double, shift((left - right) / 2, (top - bottom) / 2), source, half)
    source = product(shift(-0.5, -0.5), source, shift(0.5, 0.5)).to(images)
    rows, columns = (
        torch.arange(count, dtype=images.dtype, device=images.device) - (count - 1) / 2
        for count in (2 * (height + 2 * REACH), 2 * (width + 2 * REACH))
    )
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    seen = source[:, :2] @ torch.stack([x, y, torch.ones_like(x)]).flatten(1)
    middle = torch.tensor([(side - 1) / 2 for side in (images.shape[3], images.shape[2])]).to(images)
    places = (seen + middle[:, None]).view(-1, 2, len(rows), len(columns))
    taps = torch.tensor(SYM6, dtype=torch.float64).flip(0) / math.sqrt(2)
    cut = (len(SYM6) - 1) // 2 - 2 * REACH
    return filtered(sampled(images, places), taps, down=2, pad=(cut, cut, cut, cut))
