"""The last lines of runs' curves."""

import csv
from collections.abc import Mapping
from pathlib import Path

from stages.draw.runs import not_run


def last_of(folder: Path) -> dict[str, float]:
    """The last value of each term of a run's curve."""
    with (folder / "curve.csv").open(encoding="utf-8", newline="") as file:
        return {line["term"]: float(line["value"]) for line in csv.DictReader(file)}


def curves_of(
    inputs: Mapping[str, Path], runs: Mapping[str, float]
) -> tuple[dict[str, dict[str, float]], dict[str, str]]:
    """By run the last value of each term, and why others have none; the inputs are model_<run>.

    Raises: ValueError for an input that is missing.
    """
    held, absent = {}, {}
    for run in runs:
        if f"model_{run}" not in inputs:
            raise ValueError(f"expected an input named model_{run}, got {sorted(inputs)}")
        folder = inputs[f"model_{run}"]
        if (why := not_run(folder)) is not None:
            absent[run] = why
        else:
            held[run] = last_of(folder)
    return held, absent
