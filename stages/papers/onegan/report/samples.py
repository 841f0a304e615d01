"""Samples and inpaintings opened for figures: pictures by the names that their modules write, or why there are none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from stages.draw.runs import open_run
from stages.papers.onegan.report.names import SETS


@dataclass(frozen=True)
class Sample:
    """One folder of a set: what it says, where its pictures lie, and why there are none."""

    dataset: str
    facts: Mapping[str, Any]
    folder: Path
    reason: str = ""

    def pictures(self, name: str, shape: Sequence[int | None]) -> np.ndarray:
        """`name`.npy. Shapes: uint8 [*shape S S 3], or [*shape S S] of masks; None stands for any count.

        Raises: ValueError where the leading sides are others than the JSON's lists say.
        """
        held = np.load(self.folder / f"{name}.npy")
        sides = held.shape[: len(shape)]
        if len(sides) < len(shape) or any(
            wanted not in (None, side) for wanted, side in zip(shape, sides, strict=True)
        ):
            raise ValueError(
                f"{self.folder}: expected {name}.npy of {list(shape)} pictures, as the JSON beside it lists, got "
                f"{list(held.shape)}"
            )
        return held


def open_samples(inputs: Mapping[str, Path], kind: str, stem: str, profile: str) -> dict[str, Sample]:
    """The inputs `<kind>_<set>` of all three sets, each with `<stem>.json` or not_run.json.

    Raises: ValueError for a set without input, or one of another set or profile.
    """
    found = {}
    for name in SETS:
        if (given := f"{kind}_{name}") not in inputs:
            raise ValueError(f"expected an input named {given}, got {sorted(inputs)}")
        run = open_run(inputs[given], stem)
        for what, wanted in (("data", name), ("profile", profile)):
            if run.facts is not None and run.facts[what] != wanted:
                raise ValueError(f"{given}: expected a {kind} whose {what} is {wanted}, got {run.facts[what]}")
        found[name] = Sample(name, run.facts or {}, inputs[given], run.reason)
    return found
