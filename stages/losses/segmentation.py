"""Losses of per-pixel classification."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

EPSILON = 1e-8  # GANSeg (code): a class that is nowhere costs nothing


def soft_dice(probabilities: Tensor, targets: Tensor) -> Tensor:
    """mean_{B,C} of 1 - (2 sum_p p t + eps) / (sum_p p + sum_p t + eps).

    Source: GANSeg code (per class and image, background included).
    Shapes: probabilities and one-hot targets [B C H W] -> scalar.
    """
    shared = (probabilities * targets).sum((2, 3))
    total = probabilities.sum((2, 3)) + targets.sum((2, 3))
    return (1 - (2 * shared + EPSILON) / (total + EPSILON)).mean()


def cross_entropy_and_dice(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """(mean cross entropy over pixels, soft Dice), both in float32 and not yet weighted.

    Source: GANSeg code.
    Shapes: logits [B C H W], labels integer [B H W] -> two scalars.
    """
    logits, labels = logits.float(), labels.long()
    targets = F.one_hot(labels, logits.shape[1]).permute(0, 3, 1, 2).to(logits)
    # Written out: torch's own cross entropy has no deterministic form for images on every device.
    entropy = -(targets * logits.log_softmax(1)).sum(1).mean()
    return entropy, soft_dice(torch.softmax(logits, 1), targets)


def labelled_cross_entropy(logits: Tensor, labels: Tensor, void: int) -> tuple[Tensor, Tensor]:
    """(cross entropy summed over the labelled pixels, their number); pixels of the label `void` count for nothing.

    Shapes: logits [B C H W], labels integer [B H W] -> two float32 scalars.
    """
    logits, known = logits.float(), labels != void
    targets = F.one_hot(torch.where(known, labels, 0).long(), logits.shape[1]).permute(0, 3, 1, 2).to(logits)
    entropy = -(targets * logits.log_softmax(1)).sum(1)
    return (entropy * known).sum(), known.sum().float()
