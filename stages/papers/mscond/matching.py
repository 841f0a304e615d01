"""Which cells of two views show the same place of a picture."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Matching(NamedTuple):
    """Partners among the L = height^2 cells, row by row, of a query view and a key view of the same picture.

    `positive`: the nearest key cell of each query cell; `found`: whether it is near enough to be a positive; `near`:
    the key cells that are near a query cell, which are no negatives of it.
    Shapes: positive int64 [B L], found bool [B L], near bool [B L L] (query, key).
    """

    positive: Tensor
    found: Tensor
    near: Tensor


def centres(boxes: Tensor, flips: Tensor, height: int) -> Tensor:
    """Centres of a view's cells in the picture, (x, y) in shares of its sides, float64.

    x = x0 + (u + 1/2) / l (x1 - x0), with l - 1 - u in place of column u where the view is mirrored; y likewise.

    Source: spec 4.4 (gap G1).
    Shapes: boxes [B 4] (x0, y0, x1, y1), flips bool [B] -> [B L 2].
    """
    boxes = boxes.double()
    share = (torch.arange(height, dtype=torch.float64, device=boxes.device) + 0.5) / height
    across = torch.where(flips[:, None], share.flip(0), share)
    x = boxes[:, 0:1] + across * (boxes[:, 2:3] - boxes[:, 0:1])
    y = boxes[:, 1:2] + share * (boxes[:, 3:4] - boxes[:, 1:2])
    return torch.stack([x[:, None, :].expand(-1, height, -1), y[:, :, None].expand(-1, -1, height)], 3).flatten(1, 2)


def diagonal(boxes: Tensor, height: int) -> Tensor:
    """Diagonal of a view's cell in the picture, sqrt(((x1 - x0)/l)^2 + ((y1 - y0)/l)^2).  Shapes: [B 4] -> [B]."""
    return (boxes[:, 2:] - boxes[:, :2]).double().square().sum(1).sqrt() / height


def match(boxes_q: Tensor, flips_q: Tensor, boxes_k: Tensor, flips_k: Tensor, height: int, near: float) -> Matching:
    """Pairs cells whose centres are less than `near` times the larger view's cell diagonal apart in the picture.

    At height 1 each view is its partner's positive, wherever they lie.

    Source: PixPro (code: 0.7), DenseCL; spec 4.4 (gap G1).
    Shapes: boxes [B 4], flips bool [B].
    """
    apart = (centres(boxes_q, flips_q, height)[:, :, None] - centres(boxes_k, flips_k, height)[:, None]).square().sum(3)
    reach = near * torch.maximum(diagonal(boxes_q, height), diagonal(boxes_k, height))
    closest, positive = apart.min(2)
    if height == 1:
        return Matching(positive, torch.ones_like(positive, dtype=torch.bool), torch.ones_like(apart, dtype=torch.bool))
    reach = reach.square()[:, None]
    return Matching(positive, closest < reach, apart < reach[:, :, None])
