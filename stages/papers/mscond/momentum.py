"""Slow copies of networks, kept as plain tensors, through which keys are computed.

They are no networks of the method: nothing learns them, and the loop's moving averages have one half-life for all.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

PREFIX = "keys/"


def copied(nets: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Copies of all parameters, named "keys/<net>.<parameter>"."""
    return {
        f"{PREFIX}{net}.{name}": parameter.detach().clone()
        for net, module in nets.items()
        for name, parameter in module.named_parameters()
    }


@torch.no_grad()
def follow(memory: Mapping[str, Tensor], nets: Mapping[str, nn.Module], keep: float) -> None:
    """copy <- keep copy + (1 - keep) parameter, in place.  Source: MoCo (code), spec 4.4."""
    for net, module in nets.items():
        for name, parameter in module.named_parameters():
            memory[f"{PREFIX}{net}.{name}"].mul_(keep).add_(parameter, alpha=1 - keep)


def parameters_of(memory: Mapping[str, Tensor], net: str) -> dict[str, Tensor]:
    """The copy of one network, by parameter name, as torch.func.functional_call takes it."""
    prefix = f"{PREFIX}{net}."
    return {name.removeprefix(prefix): tensor for name, tensor in memory.items() if name.startswith(prefix)}
