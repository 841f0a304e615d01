"""Scores of runs over all their seeds, opened so that every number is there, or why it is not."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.draw.runs import open_run
from stages.papers.mscond.report.names import REFERENCE

NOT_MEASURED = "not measured"
Scores = Mapping[tuple[str, str], "Score"]  # by set and run


@dataclass(frozen=True)
class Score:
    """What is measured of one run on one set, by seed; `reason` says why no seed was run."""

    dataset: str
    run: str
    by_seed: Mapping[int, Mapping[str, Any]]
    reason: str = ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """The score of the lowest seed, empty where nothing was run."""
        return self.by_seed[min(self.by_seed)] if self.by_seed else {}

    def values(self, metric: str, method: str = "") -> dict[int, Mapping[str, Any]]:
        """One measured number by seed, with unit, count and protocol; the method is the run, if not another."""
        wanted = (method or self.run, metric)
        return {
            seed: value
            for seed, facts in sorted(self.by_seed.items())
            for value in facts["values"]
            if (value["method"], value["metric"]) == wanted
        }

    def numbers(self, metric: str, method: str = "") -> dict[int, float]:
        """The numbers alone, by seed."""
        return {seed: float(value["value"]) for seed, value in self.values(metric, method).items()}

    def missing(self, metric: str, method: str = "") -> dict[int, str]:
        """By seed why there is no number, of the seeds that were run."""
        held = self.values(metric, method)
        return {
            seed: str(facts.get("absent", {}).get(metric, NOT_MEASURED))
            for seed, facts in sorted(self.by_seed.items())
            if seed not in held
        }

    def why(self, metric: str, method: str = "") -> str:
        """Why there is no number of any seed."""
        return self.reason or next(iter(self.missing(metric, method).values()), NOT_MEASURED)


def open_scores(
    inputs: Mapping[str, Path], profile: str, runs: Mapping[str, Iterable[str]]
) -> dict[tuple[str, str], Score]:
    """The inputs `score_<set>_<run>_<seed>` and `reference_<set>` by set and run, for these runs of each set.

    Raises: ValueError for a run without input, or a score of another set, run, seed or profile.
    """
    found = {}
    for name, own in runs.items():
        found[name, REFERENCE] = open_reference(inputs, name, profile)
        for run in own:
            found[name, run] = open_score(inputs, name, run, profile)
    return found


def open_reference(inputs: Mapping[str, Path], dataset: str, profile: str) -> Score:
    """What is measured of a set's real pictures. Raises: as `open_scores`."""
    if (given := f"{REFERENCE}_{dataset}") not in inputs:
        raise ValueError(f"expected an input named {given}, got {sorted(inputs)}")
    held = open_run(inputs[given], "score")
    if held.facts is None:
        return Score(dataset, REFERENCE, {}, held.reason)
    check(given, held.facts, {"data": dataset, "run": REFERENCE, "profile": profile})
    return Score(dataset, REFERENCE, {0: held.facts})


def open_score(inputs: Mapping[str, Path], dataset: str, run: str, profile: str) -> Score:
    """All seeds of one run on one set. Raises: as `open_scores`."""
    found, reasons = {}, []
    for seed, folder in seeds_of(inputs, "score", dataset, run).items():
        held = open_run(folder, "score")
        if held.facts is None:
            reasons.append(held.reason)
            continue
        wanted = {"data": dataset, "run": run, "seed": seed, "profile": profile}
        check(f"score_{dataset}_{run}_{seed}", held.facts, wanted)
        found[seed] = held.facts
    return Score(dataset, run, found, "" if found else reasons[0])


def seeds_of(inputs: Mapping[str, Path], kind: str, dataset: str, run: str) -> dict[int, Path]:
    """The inputs `<kind>_<set>_<run>_<seed>` by seed. Raises: ValueError where there is none."""
    form = re.compile(rf"{kind}_{dataset}_{run}_(\d+)")
    found = {int(match[1]): path for name, path in inputs.items() if (match := form.fullmatch(name))}
    if not found:
        raise ValueError(f"expected an input named {kind}_{dataset}_{run}_<seed>, got {sorted(inputs)}")
    return dict(sorted(found.items()))


def check(name: str, facts: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raises: ValueError where a folder speaks of something else than its input's name says."""
    for what, value in wanted.items():
        if facts[what] != value:
            raise ValueError(f"{name}: expected one whose {what} is {value}, got {facts[what]}")


def distance_of(scores: Scores, dataset: str) -> str:
    """The Fréchet distance by the network that stands behind it; FD where nothing of a set was run."""
    return next((s.facts["scorer"] for (name, _), s in scores.items() if name == dataset and s.facts), "FD")


def categories_of(scores: Scores, dataset: str) -> list[str]:
    """The categories whose objects are measured; none where nothing of a set was run."""
    return next((s.facts["categories"] for (name, _), s in scores.items() if name == dataset and s.facts), [])
