"""The scores of one training as they are found. No torch here."""

from collections.abc import Mapping
from typing import Any

from stages.metrics.rows import Rows


class Scores:
    """Rows of one set and one training, and why other measures are absent."""

    def __init__(self, dataset: str, seed: int) -> None:
        self.seed, self.rows, self.absent = seed, Rows(dataset), dict[str, str]()

    def add(self, method: str, metric: str, unit: str, value: float, count: int, protocol: Mapping[str, Any]) -> None:
        """One number. Raises: FloatingPointError where it is not finite."""
        self.rows.add(method, self.seed, metric, unit, value, int(count), protocol)
