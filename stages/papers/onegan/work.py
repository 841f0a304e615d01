"""How much a pass through networks computes, counted where it is computed."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from stages.papers.onegan.methods.prior.block import Block
from stages.papers.onegan.methods.prior.nets import Prior


def multiply_accumulates(call: Callable[[], object], nets: Iterable[nn.Module]) -> int:
    """The products that the convolutions and linear layers of these networks sum while `call` runs.

    A layer has (numbers that it makes) x (weights of one of its outputs).
    Source: spec 3.4 (claim O10); norms, rectifiers and sums are not counted.
    """
    total = 0

    def count(module: nn.Module, given: object, made: Tensor) -> None:
        nonlocal total
        if isinstance(module, nn.Conv2d | nn.Linear):
            total += made.numel() * module.weight[0].numel()

    hooks = [part.register_forward_hook(count) for net in nets for part in net.modules()]
    try:
        call()
    finally:
        for hook in hooks:
            hook.remove()
    return total


def prior_work(keys: dict[str, Any], device: str) -> int:
    """Multiply-accumulates of one pass of the deep image prior with these keys: 8.11 G at the printed size."""
    block = Block.model_validate(keys, strict=False)
    net = Prior(block.input_channels, block.channels, block.scales, block.leak).to(device)
    given = torch.zeros(1, block.input_channels, block.size_px, block.size_px, device=device)
    with torch.no_grad():
        return multiply_accumulates(lambda: net(given), [net])
