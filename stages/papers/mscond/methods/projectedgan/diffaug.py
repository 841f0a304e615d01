"""DiffAugment: colour, shift and a hole, the same for real and generated pictures, through which gradients pass."""

from typing import Protocol

import torch
from torch import Tensor

DRAWS = 7


class Strength(Protocol):
    """How far each change goes: half ranges of the colours in [-1, 1], shares of the side for shift and hole."""

    augment_brightness: float
    augment_saturation: float
    augment_contrast: float
    augment_translation: float
    augment_cutout: float


def augment(images: Tensor, uniform: Tensor, strength: Strength) -> Tensor:
    """Brightness, saturation, contrast, then a shift with zeros behind it, then a square hole of zeros.

    Source: Zhao et al. 2020, policy color,translation,cutout, as ProjectedGAN has it (code).
    Shapes: images [B 3 R R] in [-1, 1], uniform [B 7] in [0, 1), on the CPU -> [B 3 R R].
    """
    side = images.shape[-1]
    reach, hole = (int(side * share + 0.5) for share in (strength.augment_translation, strength.augment_cutout))
    shifts = whole(uniform[:, 3:5], 2 * reach + 1) - reach
    # As many places for the middle as keep a part of the hole within the picture.
    starts = whole(uniform[:, 5:7], side + 1 - hole % 2) - hole // 2
    x = recolour(images, (2 * uniform[:, :3] - 1).to(images.device), strength)
    return cut(shift(x, shifts.to(images.device)), starts.to(images.device), hole)


def whole(uniform: Tensor, count: int) -> Tensor:
    """0 .. count - 1 of numbers in [0, 1), of which the largest may round to `count`."""
    return (uniform * count).long().clamp(max=count - 1)


def recolour(images: Tensor, signed: Tensor, strength: Strength) -> Tensor:
    """x + b;  then m + (1 + s)(x - m), m the mean over channels;  then M + (1 + c)(x - M), M the picture's mean.

    Shapes: images [B 3 R R], signed [B 3] in [-1, 1] (of b, s, c) -> [B 3 R R].
    """
    brightness, saturation, contrast = signed[:, :, None, None, None].unbind(1)
    x = images + strength.augment_brightness * brightness
    grey = x.mean(1, keepdim=True)
    x = grey + (1 + strength.augment_saturation * saturation) * (x - grey)
    level = x.mean((1, 2, 3), keepdim=True)
    return level + (1 + strength.augment_contrast * contrast) * (x - level)


def shift(images: Tensor, shifts: Tensor) -> Tensor:
    """Moves each picture down and right by whole pixels, zeros behind it. Shapes: [B C R R], int64 [B 2]."""
    rows, channels, side, _ = images.shape
    places = torch.arange(side, device=images.device) - shifts[:, :, None]
    inside = (places >= 0) & (places < side)
    down, across = places.clamp(0, side - 1).unbind(1)
    x = images.gather(2, down[:, None, :, None].expand(rows, channels, side, side))
    x = x.gather(3, across[:, None, None, :].expand(rows, channels, side, side))
    return x * (inside[:, 0, :, None] & inside[:, 1, None, :])[:, None]


def cut(images: Tensor, starts: Tensor, hole: int) -> Tensor:
    """Zeros in a square of side `hole` from each start on, as far as it lies within. Shapes: [B C R R], int64 [B 2]."""
    places = torch.arange(images.shape[-1], device=images.device) - starts[:, :, None]
    within = (places >= 0) & (places < hole)
    return images * ~(within[:, 0, :, None] & within[:, 1, None, :])[:, None]
