"""Changes of colour as affine maps, one 4x4 matrix an image, which multiply from the left.

A colour is the column (r, g, b, 1) with r, g, b in [-1, 1]; the luma axis is (1, 1, 1) / sqrt 3 through the origin,
which is middle grey. Nothing is cut off at the ends of the range.

Source: ADA pipe of StyleGAN2-ADA (code); jitter of MoCo's views (code; gap G1).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Outer product of the luma axis with itself, and the matrix that takes its cross product with a colour.
ALONG_LUMA = torch.full((3, 3), 1 / 3)
ACROSS_LUMA = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3)


def affine(linear: Tensor, shift: Tensor | None = None) -> Tensor:
    """x -> linear x + shift.  Shapes: [B 3 3], [B] (the same for r, g and b; none: 0) -> [B 4 4]."""
    matrix = torch.eye(4, dtype=linear.dtype, device=linear.device).repeat(len(linear), 1, 1)
    matrix[:, :3, :3] = linear
    if shift is not None:
        matrix[:, :3, 3] = shift[:, None]
    return matrix


def brightness(shift: Tensor) -> Tensor:
    """x -> x + shift.  Shapes: [B] -> [B 4 4]."""
    return affine(torch.eye(3, dtype=shift.dtype, device=shift.device).repeat(len(shift), 1, 1), shift)


def exposure(factor: Tensor) -> Tensor:
    """x -> factor (x + 1) - 1, light multiplied.  Shapes: [B] -> [B 4 4]."""
    return affine(_times(factor, torch.eye(3)), factor - 1)


def contrast(factor: Tensor) -> Tensor:
    """x -> factor x.  Shapes: [B] -> [B 4 4]."""
    return affine(_times(factor, torch.eye(3)))


def luma_flip(turned: Tensor) -> Tensor:
    """x -> x - 2 (v.x) v where turned is 1, x where it is 0, v the luma axis.  Shapes: [B] -> [B 4 4]."""
    return affine(torch.eye(3, device=turned.device) - 2 * _times(turned, ALONG_LUMA))


def hue(angle: Tensor) -> Tensor:
    """Rotation about the luma axis, v v' + cos (I - v v') + sin [v]_x.  Shapes: [B] -> [B 4 4].  Units: radians."""
    around = _times(angle.cos(), torch.eye(3) - ALONG_LUMA) + _times(angle.sin(), ACROSS_LUMA)
    return affine(around + ALONG_LUMA.to(angle))


def saturation(factor: Tensor) -> Tensor:
    """v v' + factor (I - v v'); 0 gives grey.  Shapes: [B] -> [B 4 4]."""
    return affine(_times(factor, torch.eye(3) - ALONG_LUMA) + ALONG_LUMA.to(factor))


def coloured(images: Tensor, matrices: Tensor) -> Tensor:
    """Every pixel's colour through its image's map.

    Shapes: images [B 3 H W] in [-1, 1], matrices [B 4 4] -> [B 3 H W].
    Raises: ValueError for images without three planes.
    """
    if images.shape[1] != 3:
        raise ValueError(f"colours: expected images with 3 planes, came shape {tuple(images.shape)}")
    matrices = matrices.to(images)
    linear, shift = matrices[:, :3, :3], matrices[:, :3, 3:]
    return (linear @ images.flatten(2) + shift).view_as(images)


def _times(factor: Tensor, matrix: Tensor) -> Tensor:
    return factor[:, None, None] * matrix.to(factor)
