"""What a loss computes in: float32 whatever it is given, autocast or not; float64 stays."""

import torch
from torch import Tensor


def full_precision(x: Tensor) -> Tensor:
    """float64 as it is, everything else in float32; products of it belong under `no_autocast`."""
    return x if x.dtype == torch.float64 else x.float()


def no_autocast(x: Tensor) -> torch.autocast:
    """A context in which products of tensors on x's device are not rounded to half precision."""
    return torch.autocast(x.device.type, enabled=False)
