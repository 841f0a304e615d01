"""Two views of an image that are to be told from views of others: where they lie in it, and how they look."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from stages.engine.chance import Chance
from stages.losses.precision import full_precision, no_autocast
from stages.papers.mscond.colours import coloured, contrast, exposure, hue, saturation
from stages.papers.mscond.contrast_keys import ViewKeys
from stages.papers.mscond.matrices import product

TRIES = 10  # as the field's random resized crop
WHOLE = (0.0, 0.0, 1.0, 1.0)


class Views(NamedTuple):
    """One view an image: its box (x0, y0, x1, y1) in shares of the picture's sides, and whether it is mirrored.

    Shapes: boxes float [B 4], flips bool [B].
    """

    boxes: Tensor
    flips: Tensor


def draw_views(keys: ViewKeys, chance: Chance, name: str, rows: int, moved: bool = True) -> Views:
    """Random resized crops, mirrored by chance; the whole picture as it is where not `moved`.

    area = U(view_area), ratio log-uniform in view_ratio, width = sqrt(area ratio), height = sqrt(area / ratio); boxes
    that leave the picture are drawn again, ten times in all, then the whole picture is taken.

    Source: torchvision's RandomResizedCrop (code), in shares instead of pixels (gap G1).
    Shapes: -> `rows` views on the CPU.
    """
    if not moved:
        return Views(torch.tensor(WHOLE).repeat(rows, 1), torch.zeros(rows, dtype=torch.bool))
    draws = chance.uniform(f"{name}/crop", rows, TRIES, 4)
    area = between(draws[..., 0], *keys.view_area)
    ratio = between(draws[..., 1], math.log(keys.view_ratio[0]), math.log(keys.view_ratio[1])).exp()
    width, height = (area * ratio).sqrt(), (area / ratio).sqrt()
    left, top = draws[..., 2] * (1 - width), draws[..., 3] * (1 - height)
    tried = torch.stack([left, top, left + width, top + height], 2)
    fits = (width <= 1) & (height <= 1)
    first = fits.int().argmax(1)
    boxes = tried[torch.arange(rows), first].clamp(0, 1)
    boxes = torch.where(fits.any(1, keepdim=True), boxes, torch.tensor(WHOLE))
    return Views(boxes, chance.uniform(f"{name}/flip", rows) < keys.view_flip)


def draw_colours(keys: ViewKeys, chance: Chance, name: str, rows: int) -> Tensor:
    """Light, contrast, saturation and hue, in this order, for a share of the images; grey for another share.

    Source: MoCo v2's views (code), as affine maps about middle grey that cut nothing off (gap G1).
    Shapes: -> [rows 4 4] on the CPU.
    """
    draws = chance.uniform(f"{name}/colour", rows, 6)
    jitter = (draws[:, 4] < keys.view_jitter_share).float()
    light, contrasts, saturations, turns = (
        between(draws[:, at], -reach, reach) * jitter for at, reach in enumerate(keys.view_jitter)
    )
    grey = (draws[:, 5] < keys.view_grey_share).float()
    return product(
        saturation(1 - grey),
        hue(2 * math.pi * turns),
        saturation(1 + saturations),
        contrast(1 + contrasts),
        exposure(1 + light),
    )


@torch.no_grad()
def look(images: Tensor, views: Views, colours: Tensor) -> Tensor:
    """The views at the pictures' own side: crop, mirror, colour; bilinear, border pixels repeated outwards.

    Pixel centre x of a view (0 to 1) is x0 + x (x1 - x0) of the picture, 1 - x in place of x where it is mirrored.
    Shapes: images [B 3 S S] in [-1, 1], colours [B 4 4] -> [B 3 S S].
    """
    boxes = views.boxes.to(images)
    signs = 1 - 2 * views.flips.to(images)
    spread, middle = boxes[:, 2:] - boxes[:, :2], boxes[:, 2:] + boxes[:, :2] - 1
    place = images.new_zeros(len(images), 2, 3)
    place[:, 0, 0], place[:, 1, 1], place[:, :, 2] = spread[:, 0] * signs, spread[:, 1], middle
    grid = F.affine_grid(place, list(images.shape), align_corners=False)
    cut = F.grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    with no_autocast(cut):
        return coloured(full_precision(cut), colours)


def seen(images: Tensor, keys: ViewKeys, chance: Chance, name: str, moved: bool = True) -> tuple[Tensor, Views]:
    """A view of each image drawn under `name`, and where it lies.  Shapes: [B 3 S S] -> [B 3 S S]."""
    views = draw_views(keys, chance, name, len(images), moved)
    return look(images, views, draw_colours(keys, chance, name, len(images))), views


def between(share: Tensor, low: float, high: float) -> Tensor:
    """low + share (high - low)."""
    return low + share * (high - low)
