"""A source without data: for methods that train on what they generate."""

import torch


class Numbers:
    """Batches that hold nothing but the samples' numbers, n = step * B + rank + i * world.

    Shapes: number int64 [b]; b = B / world.
    """

    def __init__(self, batch: int, world) -> None:  # engine.world.World, or anything with rank, size and device
        """Raises: ValueError for a batch that the ranks cannot share."""
        if batch < 1 or batch % world.size:
            raise ValueError(f"batch: expected a positive multiple of {world.size} processes, came {batch}")
        self.size, self.world = batch, world

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch."""
        first = step * self.size
        numbers = torch.arange(first + self.world.rank, first + self.size, self.world.size)
        return {"number": numbers}
