"""Which item of a set the n-th sample of a training is: a permutation each epoch, from seed and name alone."""

import hashlib

import numpy as np


class Order:
    """The place of sample n is the (n mod N)-th of the permutation of epoch n // N; the last one is remembered.

    Several threads may ask at once.
    """

    def __init__(self, positions: np.ndarray, seed: int, name: str = "") -> None:
        self.positions, self.seed, self.name = positions, seed, name
        self._last = (-1, np.empty(0, np.int64))

    def places(self, numbers: np.ndarray) -> np.ndarray:
        """The positions of samples. Shapes: int64 [n], ascending -> int64 [n]."""
        epochs = numbers // len(self.positions)
        return np.concatenate([self._within(epoch)[numbers[epochs == epoch] % len(self.positions)]
                               for epoch in np.unique(epochs).tolist()])  # fmt: skip

    def _within(self, epoch: int) -> np.ndarray:
        known, order = self._last
        if epoch != known:
            generator = np.random.Generator(np.random.PCG64(digest(self.seed, f"{self.name}epoch {epoch}")))
            order = generator.permutation(self.positions)
            self._last = (epoch, order)
        return order


def checked(positions: np.ndarray, length: int, folder: object) -> np.ndarray:
    """The positions as int64. Raises: ValueError for none, or for one outside the set."""
    positions = np.asarray(positions, np.int64)
    if not len(positions) or positions.min() < 0 or positions.max() >= length:
        raise ValueError(f"{folder}: expected positions within 0..{length - 1}, at least one")
    return positions


def numbers_of(step: int, batch: int, rank: int, size: int) -> np.ndarray:
    """This rank's samples of one step: n = step · B + rank + i · size. Shapes: -> int64 [B / size]."""
    return step * batch + np.arange(rank, batch, size)


def digest(seed: int, name: str) -> int:
    """64 bits of the sha256 of seed and name."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:8], "little")
