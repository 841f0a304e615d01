"""Folders of scores and models, opened as runs that either have numbers or were not run in this profile."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.data.files import read_json
from stages.draw.table import check_same


@dataclass(frozen=True)
class Run:
    """One folder: what it says (None where it was not run) and the fingerprint of the stage that wrote it."""

    facts: Mapping[str, Any] | None
    fingerprint: str
    reason: str

    def value(self, metric: str) -> Mapping[str, Any] | None:
        """One measured number with unit, count and protocol; None where the run or the metric is absent."""
        if self.facts is None:
            return None
        return next((value for value in self.facts["values"] if value["metric"] == metric), None)


def not_run(folder: Path) -> str | None:
    """Why a folder holds no result in this profile; None where it holds one."""
    path = folder / "not_run.json"
    return read_json(path)["reason"] if path.is_file() else None


def open_run(folder: Path, name: str) -> Run:
    """`name`.json of a folder, or why there is none. Raises: FileNotFoundError where neither is there."""
    fingerprint = read_json(folder / "receipt.json")["fingerprint"]
    reason = not_run(folder)
    if reason is not None:
        return Run(None, fingerprint, reason)
    return Run(read_json(folder / f"{name}.json"), fingerprint, "")


def open_runs(inputs: Mapping[str, Path], kind: str, name: str = "score") -> dict[tuple[str, str], Run]:
    """All inputs `<kind>_<row>_<dataset>` by (row, dataset); the row has no underscore.

    Raises: ValueError where there is none.
    """
    prefix = f"{kind}_"
    found = {}
    for given, folder in sorted(inputs.items()):
        if given.startswith(prefix):
            row, _, dataset = given.removeprefix(prefix).partition("_")
            found[row, dataset] = open_run(folder, name)
    if not found:
        raise ValueError(f"expected inputs named {prefix}<row>_<dataset>, got {sorted(inputs)}")
    return found


def check_profile(runs: Mapping[tuple[str, str], Run], declared: str) -> None:
    """Raises: ValueError where a run is of another profile than the table declares."""
    held = [(f"{row} on {dataset}", run.facts["profile"]) for (row, dataset), run in runs.items() if run.facts]
    check_same("profile", [("the table", declared), *held])
