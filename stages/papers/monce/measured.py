"""What MoNCE's measures share: their keys and the runs among their inputs. No torch here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from stages.block import Block as Base
from stages.data.files import read_json

MODEL = "model_"
NOT_RUN = "not_run.json"


class MeasureBlock(Base):
    """The profile, which is said beside all that is measured."""

    profile: Literal["smoke", "demo", "lite", "paper"]


class Run(NamedTuple):
    """A trained model: what its row is called, its seed, and what model.json says."""

    method: str
    seed: int
    folder: Path
    facts: dict[str, Any]


def made_input(inputs: Mapping[str, Path], name: str) -> Path | None:
    """An input that a measure does without: None where there is none, or this profile leaves it out."""
    folder = inputs.get(name)
    return None if folder is None or (folder / NOT_RUN).is_file() else folder


def runs_of(inputs: Mapping[str, Path]) -> tuple[dict[str, Run], dict[str, str]]:
    """The runs by the rest of their inputs' names, and why others were not run.

    An input model_<run>, or model_<run>_<seed> where the seed is model.json's; the row has the run's name alone.
    Raises: ValueError where no input is a model that was run.
    """
    runs, absent = {}, {}
    for name, folder in sorted(inputs.items()):
        if not name.startswith(MODEL):
            continue
        short = name.removeprefix(MODEL)
        if (folder / NOT_RUN).is_file():
            absent[short] = read_json(folder / NOT_RUN)["reason"]
            continue
        facts = read_json(folder / "model.json")
        runs[short] = Run(short.removesuffix(f"_{facts['seed']}"), facts["seed"], folder, facts)
    if not runs:
        raise ValueError(f"expected a trained model among the inputs {MODEL}<run>, came none of {sorted(absent)}")
    return runs, absent


def shown_places(count: int, shown: int) -> np.ndarray:
    """Which of so many sorted items are shown: evenly spaced, with both ends. Shapes: -> int64 [<= shown]."""
    return np.unique(np.rint(np.linspace(0, count - 1, min(shown, count))).astype(np.int64))


def even_subset(count: int, wanted: int) -> np.ndarray:
    """So many places of a larger set, evenly spaced. Shapes: -> int64 [wanted]."""
    return np.arange(wanted) * count // wanted
