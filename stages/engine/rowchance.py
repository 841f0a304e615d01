"""Random draws that belong to a row instead of a batch, so that a sample does not depend on what is drawn beside it."""

import torch
from torch import Tensor

from stages.engine.chance import Chance
from stages.engine.world import World


class RowChance(Chance):
    """The draws of a batch of samples: row i's depend on (seed, rows[i], name), shared ones on (seed, name).

    The caller names the rows, such as "000123.jpg/4" for an image's sample 4.
    Raises: ValueError where a method asks for another number of rows than the batch has.
    """

    def __init__(self, seed: int, rows: list[str]) -> None:
        super().__init__(seed, "shared", World.single())
        self.rows = rows
        self.own = [Chance(seed, f"row {row}", World.single()) for row in rows]

    def normal(self, name: str, local_rows: int, *shape: int) -> Tensor:
        """Standard normal. Shapes: [local_rows, *shape]."""
        self._check(name, local_rows)
        return torch.cat([chance.normal(name, 1, *shape) for chance in self.own])

    def uniform(self, name: str, local_rows: int, *shape: int) -> Tensor:
        """Uniform in [0, 1). Shapes: [local_rows, *shape]."""
        self._check(name, local_rows)
        return torch.cat([chance.uniform(name, 1, *shape) for chance in self.own])

    def noise(self, name: str, local_rows: int, columns: int, device: torch.device) -> Tensor:
        """Standard normal, with equal bits on every device. Shapes: [local_rows, columns]."""
        self._check(name, local_rows)
        return torch.cat([chance.noise(name, 1, columns, device) for chance in self.own])

    def _check(self, name: str, local_rows: int) -> None:
        if local_rows != len(self.rows):
            raise ValueError(f"draw {name!r}: expected {len(self.rows)} rows, one for each sample, got {local_rows}")
