"""Which patches of the background judge meet an object's box."""

import torch
from torch import Tensor
from torch.nn import functional as F

from stages.losses.precision import full_precision


def patches_to_hits(boxes: Tensor, side: int, field: int, stride: int, count: int) -> Tensor:
    """1 for each patch that touches the box, edges included: ceil((x1 - field) / stride) <= i <= floor(x2 / stride).

    A box without area touches none. FineGAN's range is that of field 34, stride 4, 24 patches and side 126.
    Source: code (FineGAN), spec 2.2. Shapes: left, top, right, bottom as shares of the picture [B 4] -> float32
    [B count count]. Units: side, field and stride in pixels.
    """
    left, top, right, bottom = (boxes.float() * side).unbind(1)
    starts = torch.arange(count, device=boxes.device, dtype=torch.float32) * stride

    def touches(low: Tensor, high: Tensor) -> Tensor:
        return (starts[None] + field >= low[:, None]) & (starts[None] <= high[:, None])

    there = (right > left) & (bottom > top)
    hits = touches(top, bottom)[:, :, None] & touches(left, right)[:, None, :] & there[:, None, None]
    return hits.float()


def patch_entropy(logits: Tensor, background: Tensor) -> Tensor:
    """Binary cross entropy of every patch, 1 for background.  Shapes: logits and labels [B n n] -> scalar."""
    return F.binary_cross_entropy_with_logits(full_precision(logits), background)
