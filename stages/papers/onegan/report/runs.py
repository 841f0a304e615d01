"""Scores of a set over all its seeds, opened so that every number is there, or why it is not."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.data.files import read_json
from stages.draw.runs import not_run, open_run
from stages.papers.onegan.report.names import SETS, family

NOT_MEASURED = "not measured"


@dataclass(frozen=True)
class Score:
    """What one measure says of one set, by seed; `reason` says why nothing was run."""

    dataset: str
    by_seed: Mapping[int, Mapping[str, Any]]
    reason: str = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The score of the lowest seed, empty where nothing was run."""
        return self.by_seed[min(self.by_seed)] if self.by_seed else {}

    def values(self, method: str, metric: str) -> dict[int, Mapping[str, Any]]:
        """One measured number by seed, with unit, count and protocol."""
        return {
            seed: value
            for seed, facts in sorted(self.by_seed.items())
            for value in facts["values"]
            if (value["method"], value["metric"]) == (method, metric)
        }

    def numbers(self, method: str, metric: str) -> dict[int, float]:
        """The numbers alone, by seed."""
        return {seed: float(value["value"]) for seed, value in self.values(method, metric).items()}

    def number(self, method: str, metric: str) -> float | None:
        """The number of the lowest seed that has one."""
        return next(iter(self.numbers(method, metric).values()), None)

    def metrics(self, families: Iterable[str]) -> list[str]:
        """Measured and absent measures of these families, in the families' order."""
        held = [value["metric"] for facts in self.by_seed.values() for value in facts["values"]]
        every = [*dict.fromkeys((*held, *self.facts.get("absent", {})))]
        return [metric for name in families for metric in every if family(metric) == name]

    def why(self, metric: str) -> str:
        """Why there is no number of a measure."""
        return self.reason or str(self.facts.get("absent", {}).get(metric, NOT_MEASURED))


def open_scores(inputs: Mapping[str, Path], kind: str, profile: str) -> dict[str, Score]:
    """The inputs `<kind>_<set>` or `<kind>_<set>_<seed>` by set, for all three sets.

    Raises: ValueError for a set without input, a score of another set or profile, or a seed that comes twice.
    """
    return {name: open_score(inputs, kind, name, profile) for name in SETS}


def open_score(inputs: Mapping[str, Path], kind: str, dataset: str, profile: str) -> Score:
    """All seeds of one set. Raises: as `open_scores`."""
    folders = {n: path for n, path in sorted(inputs.items()) if re.fullmatch(rf"{kind}_{dataset}(_\d+)?", n)}
    if not folders:
        raise ValueError(f"expected an input named {kind}_{dataset} or {kind}_{dataset}_<seed>, got {sorted(inputs)}")
    found: dict[int, Mapping[str, Any]] = {}
    reasons = []
    for name, folder in folders.items():
        run = open_run(folder, "score")
        if run.facts is None:
            reasons.append(run.reason)
            continue
        for what, wanted in (("data", dataset), ("profile", profile)):
            if run.facts[what] != wanted:
                raise ValueError(f"{name}: expected a score whose {what} is {wanted}, got {run.facts[what]}")
        if (seed := int(run.facts["seed"])) in found:
            raise ValueError(f"{name}: seed {seed} of {dataset} is given twice: each score folder goes in once")
        found[seed] = run.facts
    return Score(dataset, found, "" if found else reasons[0])


def open_tiles(inputs: Mapping[str, Path]) -> dict[str, Score]:
    """The cards of the inputs `tiles_<set>`, told as scores of the method `tiles`.

    Raises: ValueError for a set without input.
    """
    found = {}
    for name in SETS:
        if (given := f"tiles_{name}") not in inputs:
            raise ValueError(f"expected an input named {given}, got {sorted(inputs)}")
        if (reason := not_run(inputs[given])) is not None:
            found[name] = Score(name, {}, reason)
            continue
        facts = read_json(inputs[given] / "card.json")["facts"]
        units = {"count": "tiles", "median_side_px": "px", "photos_without_tile": "photos", "scale": "tile/crop"}
        values = [
            {"method": "tiles", "metric": metric, "unit": unit, "value": float(facts[metric]), "n": int(facts["count"]),
             "protocol": {"from": "the card of the set's tiles"}}
            for metric, unit in units.items()
        ]  # fmt: skip
        found[name] = Score(name, {0: {"values": values}})
    return found
