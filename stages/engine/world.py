"""The processes that train together. The only file of the engine that reads the environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed import Store  # pyright: ignore[reportPrivateImportUsage]  # public in its documentation

# What lies on the CPU is exchanged there, without a wait for the GPU's work.
BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}


@dataclass(frozen=True)
class World:
    """Process `rank` of `size`, computing on `device`. Its row r of a batch is row rank + r * size of the whole."""

    rank: int
    size: int
    device: torch.device

    @staticmethod
    def single(device: str | torch.device = "cpu") -> "World":
        """One process that trains alone."""
        return World(0, 1, torch.device(device))

    def gather(self, rows: Tensor) -> Tensor:
        """All processes' rows in the order of the whole batch; gradients flow back to the process that owns a row.

        Backward sums the processes' gradients, so a loss that every process computes on the gathered rows has, after
        the mean over processes (`Exchange`), the gradient of one process.    Shapes: [b ...] -> [b * size ...].
        """
        return rows if self.size == 1 else _Gather.apply(rows, self)

    def total(self, value: Tensor) -> Tensor:
        """The sum over processes, with gradients."""
        return value if self.size == 1 else _Total.apply(value)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over processes, without gradients."""
        if self.size == 1:
            return values.detach()
        values = values.detach().clone()
        dist.all_reduce(values)
        return values / self.size

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in any process; all learn the same answer, and no device is asked for it."""
        return flag if self.size == 1 else bool(self.mean(torch.tensor(float(flag))) > 0)

    def broadcast(self, tensors: list[Tensor]) -> None:
        """Gives every process the tensors of process 0."""
        if self.size > 1:
            for tensor in tensors:
                dist.broadcast(tensor.detach(), 0)

    def agree(self, what: str, value: str | int) -> None:
        """Raises: RuntimeError if the processes do not hold the same value."""
        if self.size > 1:
            values: list[Any] = [None] * self.size
            dist.all_gather_object(values, value)
            if len(set(values)) > 1:
                raise RuntimeError(f"the {self.size} processes must agree on {what}, found {values}")

    def autocast(self, precision: str) -> torch.autocast:
        """bf16 autocast where it is asked for. Penalties with second gradients must leave it themselves."""
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


class _Gather(torch.autograd.Function):
    """Forward gathers rows, backward hands each process the summed gradient of its own."""

    @staticmethod
    def forward(ctx, rows: Tensor, world: World) -> Tensor:
        ctx.world = world
        parts = [torch.empty_like(rows, memory_format=torch.contiguous_format) for _ in range(world.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.stack(parts, 1).flatten(0, 1)

    @staticmethod
    def backward(ctx, *gradients: Tensor) -> tuple[Tensor, None]:
        return _Total.apply(*gradients)[ctx.world.rank :: ctx.world.size], None


class _Total(torch.autograd.Function):
    """A sum over processes is its own transpose, which also gives second gradients."""

    @staticmethod
    def forward(ctx, value: Tensor) -> Tensor:
        value = value.clone(memory_format=torch.contiguous_format)
        dist.all_reduce(value)
        return value

    @staticmethod
    def backward(ctx, *gradients: Tensor) -> Tensor:
        return _Total.apply(*gradients)


@contextmanager
def joined(gpus: int, rank: int = 0, size: int = 1, store: Store | None = None) -> Iterator[World]:
    """The world of this process: as told, as torchrun's environment says (RANK, WORLD_SIZE, LOCAL_RANK), or alone.

    Computes on a GPU where one was leased and is there, else on the CPU.
    """
    local = rank
    if store is None:
        rank, size = int(os.environ.get("RANK", rank)), int(os.environ.get("WORLD_SIZE", size))
        local = int(os.environ.get("LOCAL_RANK", rank))
    device = torch.device("cuda", local) if gpus and torch.cuda.is_available() else torch.device("cpu")
    if device.type == "cuda" and local >= torch.cuda.device_count():
        raise ValueError(f"process {rank} of {size} needs a GPU of its own; {torch.cuda.device_count()} are visible")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    settle(device)
    if size == 1:
        yield World(0, 1, device)
        return
    dist.init_process_group(BACKENDS[device.type], rank=rank, world_size=size, store=store)
    try:
        yield World(rank, size, device)
    finally:
        dist.destroy_process_group()


def settle(device: torch.device) -> None:
    """Full float32 on GPUs (no TF32), as the papers ran; on the CPU operators that repeat their bits, and no denormals.

    Numbers below 1.2e-38 (2.2e-308 in float64) are 0 there, in this thread and in all that it starts from now on: to
    reckon with them, some processors take eight times as long where GANSeg's heat-maps have Gaussian tails.
    """
    torch.backends.cuda.matmul.fp32_precision = "ieee"
    # Younger than the stubs of torch.
    torch.backends.cudnn.conv.fp32_precision = "ieee"  # pyright: ignore[reportAttributeAccessIssue]
    torch.backends.cudnn.rnn.fp32_precision = "ieee"  # pyright: ignore[reportAttributeAccessIssue]
    # The same switch as torch.use_deterministic_algorithms, which would also import torch's compiler for seconds.
    torch.set_deterministic_debug_mode("error" if device.type == "cpu" else "default")
    if device.type == "cpu" and not torch.set_flush_denormal(True):
        raise RuntimeError("this processor cannot take denormal numbers for 0 (SSE3 or AArch64 is expected)")
    # Otherwise each new tensor is filled first, which costs time and guards only against reading unset memory.
    torch.utils.deterministic.fill_uninitialized_memory = False  # pyright: ignore[reportAttributeAccessIssue]  # no stub
