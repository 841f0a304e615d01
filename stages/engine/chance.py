"""Every random draw as a function of (seed, step, name)."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod

import numpy as np
import torch
from torch import Tensor

from stages.engine.counted import normal_rows
from stages.engine.world import World


def key_of(seed: int, step: int | str, name: str) -> int:
    """A 128-bit key from sha256, so that draws of different names, steps or seeds are unrelated."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{step}/{name}".encode()).digest()[:16], "little")


class Chance:
    """The random draws of one step.

    Draws with `local_rows` are made for the whole batch and each process keeps its rows (rank, rank + size, …), so that
    1 and 8 processes see the same samples. They are float32 on the CPU, and the caller moves them; noise, of which
    there is much, is drawn on the device where it is used, and each process draws its own rows alone.
    """

    def __init__(self, seed: int, step: int | str, world: World) -> None:
        self.seed, self.step, self.world = seed, step, world

    def numpy(self, name: str) -> np.random.Generator:
        """A fresh generator; the same in every process."""
        return np.random.Generator(np.random.PCG64(key_of(self.seed, self.step, name)))

    def normal(self, name: str, local_rows: int, *shape: int) -> Tensor:
        """Standard normal. Shapes: [local_rows, *shape]."""
        draw = self.numpy(name).standard_normal((local_rows * self.world.size, prod(shape)), dtype=np.float32)
        return self._own(draw, shape)

    def uniform(self, name: str, local_rows: int, *shape: int) -> Tensor:
        """Uniform in [0, 1). Shapes: [local_rows, *shape]."""
        draw = self.numpy(name).random((local_rows * self.world.size, prod(shape)), dtype=np.float32)
        return self._own(draw, shape)

    def noise(self, name: str, local_rows: int, columns: int, device: torch.device) -> Tensor:
        """Standard normal, with equal bits on every device. Shapes: [local_rows, columns]."""
        rows = range(self.world.rank, local_rows * self.world.size, self.world.size)
        return normal_rows(key_of(self.seed, self.step, name), rows, columns, device)

    def shared_normal(self, name: str, *shape: int) -> Tensor:
        """Standard normal, the same in every process. Shapes: [*shape]."""
        return torch.from_numpy(self.numpy(name).standard_normal(prod(shape), dtype=np.float32)).reshape(shape)

    def permutation(self, name: str, n: int) -> Tensor:
        """A permutation of 0..n-1, the same in every process. Shapes: int64 [n]."""
        return torch.from_numpy(self.numpy(name).permutation(n))

    def _own(self, draw: np.ndarray, shape: tuple[int, ...]) -> Tensor:
        own = np.ascontiguousarray(draw[self.world.rank :: self.world.size])
        return torch.from_numpy(own).reshape(-1, *shape)


@contextmanager
def initialised(seed: int, name: str) -> Iterator[None]:
    """Within this, torch's own generator starts from (seed, name): for the initialisation of one network.

    The generator outside is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(key_of(seed, "initial", name) % 2**63)
        yield
