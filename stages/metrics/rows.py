"""Rows of score.json, the same for every paper whose tables read them. No torch here."""

from collections.abc import Mapping
from typing import Any

import numpy as np


class Rows:
    """The values of score.json as they are found."""

    def __init__(self, dataset: str) -> None:
        self.dataset, self.values = dataset, list[dict[str, Any]]()

    def add(
        self, method: str, seed: int, metric: str, unit: str, value: float, count: int, protocol: Mapping[str, Any]
    ) -> None:
        """One number. Raises: FloatingPointError where it is not finite."""
        if not np.isfinite(value):
            raise FloatingPointError(f"{metric} of {method} (seed {seed}) on {self.dataset} is {value}")
        self.values.append({
            "method": method, "seed": seed, "dataset": self.dataset, "metric": metric, "unit": unit,
            "value": float(value), "n": count, "protocol": dict(protocol),
        })  # fmt: skip
