"""Two sets without pairs behind one source."""

from typing import Protocol

import torch


class Batches(Protocol):
    """A source; `size` counts the whole batch."""

    size: int

    def batch(self, step: int) -> dict[str, torch.Tensor]: ...


class TwoSource:
    """Batches of two sets, each in its own order: image_a, position_a, image_b, position_b, and what else they give.

    The two need different names (WindowSource's `name`): sets of equal lengths would else go in step.
    """

    def __init__(self, first: Batches, second: Batches) -> None:
        """Raises: ValueError for batches of two sizes."""
        if first.size != second.size:
            raise ValueError(f"batch: expected one size for both sets, came {first.size} and {second.size}")
        self.size, self.first, self.second = first.size, first, second

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch."""
        return {
            f"{name}_{end}": value
            for source, end in ((self.first, "a"), (self.second, "b"))
            for name, value in source.batch(step).items()
        }
