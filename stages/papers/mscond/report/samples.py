"""Samples opened for figures: the first latents of a run, and its objects by category; or why there are none."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.data.files import read_json
from stages.draw.runs import open_run


@dataclass(frozen=True)
class Sample:
    """A run's sample of one set: what it says of itself and of objects, where its pictures lie, why there are none."""

    facts: Mapping[str, Any]
    objects: Mapping[str, Any]
    folder: Path
    reason: str = ""

    @property
    def uncurated(self) -> np.ndarray:
        """Pictures of the first latents. Shapes: uint8 [K S S 3]. Raises: ValueError for another count than is told."""
        return self._pictures("uncurated", self.facts["uncurated"])

    def of(self, category: str) -> np.ndarray | str:
        """The first pictures in which a category was found, or why there is none. Shapes: uint8 [n S S 3].

        Raises: ValueError for another count than objects.json lists.
        """
        if category in self.objects["absent"]:
            return str(self.objects["absent"][category])
        count = len(self.objects["categories"][category]["latents"])
        return self._pictures(f"objects_{category.replace(' ', '_')}", count)

    def _pictures(self, name: str, count: int) -> np.ndarray:
        held = np.load(self.folder / f"{name}.npy")
        if len(held) != count:
            raise ValueError(
                f"{self.folder}: expected {count} pictures in {name}.npy, as the JSON beside it says, got {len(held)}"
            )
        return held


def open_sample(inputs: Mapping[str, Path], dataset: str, run: str, profile: str) -> Sample:
    """The input `sample_<set>_<run>`. Raises: ValueError where it is missing, or of another set or profile."""
    if (given := f"sample_{dataset}_{run}") not in inputs:
        raise ValueError(f"expected an input named {given}, got {sorted(inputs)}")
    held = open_run(inputs[given], "sample")
    if held.facts is None:
        return Sample({}, {}, inputs[given], held.reason)
    for what, wanted in (("data", dataset), ("profile", profile)):
        if held.facts[what] != wanted:
            raise ValueError(f"{given}: expected a sample whose {what} is {wanted}, got {held.facts[what]}")
    return Sample(held.facts, read_json(inputs[given] / "objects.json"), inputs[given])
