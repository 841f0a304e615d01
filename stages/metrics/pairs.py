"""All unordered pairs of several samples of one thing, and means over them."""

import torch
from torch import Tensor


def count_to_pairs(count: int) -> Tensor:
    """The unordered pairs (i, j), i < j, of `count` samples, in lexicographic order.

    Shapes: → [count (count − 1) / 2, 2], int64; 45 rows for 10 samples.
    Raises: ValueError with fewer than two samples, which have no pair.
    """
    if count < 2:
        raise ValueError(
            f"diversity needs at least two samples of an image, got {count}: raise `samples` of the sample stage"
        )
    return torch.combinations(torch.arange(count), r=2)


def pairs_to_means(values: Tensor) -> Tensor:
    """The mean over pairs of each image, then nothing more: [N, pairs] → [N], in float64."""
    return values.double().mean(dim=1)


def pair_count(count: int) -> int:
    """How many unordered pairs `count` samples have."""
    return count * (count - 1) // 2
