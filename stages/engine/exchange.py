"""Gradients over processes: parts of them travel while the rest is still computed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Parameter

from stages.engine.world import World

# torch's own measure for it (DistributedDataParallel, bucket_cap_mb).
PART_BYTES = 25 << 20


class Exchange:
    """Replaces gradients by their mean over processes, as a backward pass makes them.

    Parameters are parted in the reverse of their order, in which gradients come. A part leaves when its gradients and
    the parts before it are there, and what is left when the pass has ended, so that all processes exchange the same
    parts in the same order. A parameter without a gradient is left out, so it must be without one in every process.
    """

    def __init__(self, world: World, learnable: Mapping[str, list[Parameter]]) -> None:
        self.world, self.learnable = world, learnable
        self.cut: dict[tuple[str, ...], list[list[Parameter]]] = {}
        self.parts: list[list[Parameter]] = []
        self.missing: list[set[Parameter]] = []
        self.under_way: list[tuple[list[Parameter], Tensor, dist.Work]] = []
        self.left = 0
        if world.size > 1:
            for parameters in learnable.values():
                for parameter in parameters:
                    parameter.register_post_accumulate_grad_hook(self._arrived)

    @contextmanager
    def during(self, names: tuple[str, ...]) -> Iterator[None]:
        """Within this a backward pass makes the gradients of these nets; after it they are means."""
        if self.world.size == 1:
            yield
            return
        if names not in self.cut:
            self.cut[names] = parted([parameter for name in names for parameter in self.learnable[name]])
        self.parts, self.left = self.cut[names], 0
        self.missing = [set(part) for part in self.parts]
        yield
        while self.left < len(self.parts):
            self._send()
        for parameters, flat, work in self.under_way:
            work.wait()
            flat /= self.world.size
            gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
            for gradient, mean in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
                gradient.copy_(mean.view_as(gradient))
        self.under_way = []

    def _arrived(self, parameter: Tensor) -> None:
        for missing in self.missing[self.left :]:
            missing.discard(parameter)  # pyright: ignore[reportArgumentType]  # hooks are told of tensors
        while self.left < len(self.parts) and not self.missing[self.left]:
            self._send()

    def _send(self) -> None:
        held = [parameter for parameter in self.parts[self.left] if parameter.grad is not None]
        self.left += 1
        if held:
            flat = torch.cat([parameter.grad.reshape(-1) for parameter in held if parameter.grad is not None])
            work = dist.all_reduce(flat, async_op=True)
            assert work is not None
            self.under_way.append((held, flat, work))


def parted(parameters: list[Parameter]) -> list[list[Parameter]]:
    """The last parameters first, in parts of at most PART_BYTES or of one parameter."""
    parts: list[list[Parameter]] = []
    size = PART_BYTES
    for parameter in reversed(parameters):
        own = parameter.numel() * parameter.element_size()
        if size + own > PART_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(parameter)
        size += own
    return parts
