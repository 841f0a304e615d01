"""Batch norm over the whole batch when several processes share it."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from stages.engine.world import World


class WholeBatchNorm(nn.modules.batchnorm._BatchNorm):
    """Batch norm whose mean and variance are those of all processes' rows, on the CPU as on GPUs.

    torch's own synchronised kind refuses the CPU and second gradients.    Shapes: x [B C ...] -> [B C ...].
    """

    world: ClassVar[World]

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() < 2:
            raise ValueError(f"batch norm expects [B C ...], found shape {tuple(input.shape)}")

    def forward(self, input: Tensor) -> Tensor:
        x = input
        if not (self.training or self.running_mean is None):
            return super().forward(x)
        self._check_input_dim(x)
        shape = [1, -1, *[1] * (x.dim() - 2)]
        reduced = [0, *range(2, x.dim())]
        count = x.numel() // x.shape[1] * self.world.size
        mean = self.world.total(x.float().sum(reduced)) / count
        centred = x.float() - mean.view(shape)
        variance = self.world.total(centred.square().sum(reduced)) / count
        mean_kept, variance_kept, count_kept = self.running_mean, self.running_var, self.num_batches_tracked
        if self.training and mean_kept is not None and variance_kept is not None and count_kept is not None:
            with torch.no_grad():
                count_kept += 1
                share = 1 / float(count_kept) if self.momentum is None else self.momentum
                mean_kept.lerp_(mean, share)
                variance_kept.lerp_(variance * (count / max(count - 1, 1)), share)
        out = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            out = out * self.weight.view(shape) + self.bias.view(shape)
        return out.to(x.dtype)


def synchronise(net: nn.Module, world: World) -> None:
    """Makes every batch norm of a net see the whole batch; parameters, buffers and their names stay."""
    kind = type("WholeBatchNormOfWorld", (WholeBatchNorm,), {"world": world})
    for module in net.modules():
        if world.size > 1 and isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.__class__ = kind
