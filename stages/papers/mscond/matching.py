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


def across(boxes: Tensor, flips: Tensor, height: int) -> Tensor:
    """Where a view's columns lie in the picture, in shares of its width, float64.

    x = x0 + (u + 1/2) / l (x1 - x0), with l - 1 - u in place of column u where the view is mirrored.

    Source: spec 4.4 (gap G1).
    Shapes: boxes [B 4] (x0, y0, x1, y1), flips bool [B] -> [B l].
    """
    share = shares(height, boxes)
    left, right = boxes[:, 0:1].double(), boxes[:, 2:3].double()
    return left + torch.where(flips[:, None], share.flip(0), share) * (right - left)


def down(boxes: Tensor, height: int) -> Tensor:
    """Where its rows lie, in shares of the picture's height, as `across`.  Shapes: [B 4] -> [B l]."""
    top, bottom = boxes[:, 1:2].double(), boxes[:, 3:4].double()
    return top + shares(height, boxes) * (bottom - top)


def shares(height: int, like: Tensor) -> Tensor:
    """(u + 1/2) / l of each column u, on the device of `like`.  Shapes: -> [l]."""
    return (torch.arange(height, dtype=torch.float64, device=like.device) + 0.5) / height


def diagonal(boxes: Tensor, height: int) -> Tensor:
    """Diagonal of a view's cell in the picture, sqrt(((x1 - x0)/l)^2 + ((y1 - y0)/l)^2).  Shapes: [B 4] -> [B]."""
    return (boxes[:, 2:] - boxes[:, :2]).double().square().sum(1).sqrt() / height


def match(boxes_q: Tensor, flips_q: Tensor, boxes_k: Tensor, flips_k: Tensor, height: int, near: float) -> Matching:
    """Pairs cells whose centres are less than `near` times the larger view's cell diagonal apart in the picture.

    At height 1 each view is its partner's positive, wherever they lie.

    Source: PixPro (code: 0.7), DenseCL; spec 4.4 (gap G1).
    Shapes: boxes [B 4], flips bool [B].
    """
    x = (across(boxes_q, flips_q, height)[:, :, None] - across(boxes_k, flips_k, height)[:, None]).square()
    y = (down(boxes_q, height)[:, :, None] - down(boxes_k, height)[:, None]).square()
    (x_least, column), (y_least, row) = x.min(2), y.min(2)
    positive = (row[:, :, None] * height + column[:, None]).flatten(1)
    reach = near * torch.maximum(diagonal(boxes_q, height), diagonal(boxes_k, height))[:, None, None]
    reach = reach.square()
    # Query row, query column, key row, key column.
    apart = y[:, :, None, :, None] + x[:, None, :, None, :]
    close = (apart < reach[:, :, :, None, None]).reshape(len(x), height**2, height**2)
    found = (y_least[:, :, None] + x_least[:, None] < reach).flatten(1)
    if height == 1:
        return Matching(positive, torch.ones_like(found), torch.ones_like(close))
    return Matching(positive, found, close)
