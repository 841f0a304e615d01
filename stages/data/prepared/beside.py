"""One set's batches with another's beside them: a second feed under names of its own."""

import torch

from stages.data.prepared.two import Batches


class BesideSource:
    """The batches of `first`, and all that `second` gives under its names with `prefix` before them.

    The two need different names (WindowSource's `name`): sets of equal lengths would else go in step.
    """

    def __init__(self, first: Batches, second: Batches, prefix: str = "background_") -> None:
        """Raises: ValueError for batches of two sizes."""
        if first.size != second.size:
            raise ValueError(f"batch: expected one size for both sets, came {first.size} and {second.size}")
        self.size, self.first, self.second, self.prefix = first.size, first, second, prefix

    def batch(self, step: int) -> dict[str, torch.Tensor]:
        """This rank's rows of one global batch. Raises: ValueError for a name that both give."""
        batch = self.first.batch(step)
        beside = {self.prefix + name: value for name, value in self.second.batch(step).items()}
        if both := sorted(batch.keys() & beside.keys()):
            raise ValueError(f"expected names of their own beside a batch, came {', '.join(both)} twice")
        return batch | beside
