"""Scores of translated test sets, opened so that every number is there, or why it is not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.draw.runs import Run, open_run
from stages.papers.monce.report.names import CONTENT, SETS, is_distance

BLANK = "not measured"


@dataclass(frozen=True)
class Score:
    """One score folder: what it says of each run, or why it says nothing."""

    run: Run
    folder: Path

    @property
    def facts(self) -> Mapping[str, Any]:
        """The score, empty where nothing that it would measure was made."""
        return self.run.facts or {}

    @property
    def title(self) -> str:
        """The set as the paper calls it."""
        return SETS[self.facts["data"]]

    def value(self, method: str, metric: str, seed: int = 0) -> Mapping[str, Any] | None:
        """One measured number, with unit, count and protocol."""
        for value in self.facts.get("values", ()):
            if (value["method"], value["metric"]) == (method, metric) and value["seed"] == seed:
                return value
        return None

    def number(self, method: str, metric: str, seed: int = 0) -> float | None:
        """The number alone."""
        value = self.value(method, metric, seed)
        return None if value is None else float(value["value"])

    def seeds(self) -> list[int]:
        """All seeds that were measured."""
        return sorted({value["seed"] for value in self.facts.get("values", ())})

    def metrics(self) -> list[str]:
        """All measures, in the order of the score."""
        return list(dict.fromkeys(value["metric"] for value in self.facts.get("values", ())))

    @property
    def distance(self) -> str:
        """The name of the Fréchet distance, by the network that stands behind it."""
        return next((metric for metric in self.metrics() if is_distance(metric)), "FID")

    @property
    def content(self) -> str:
        """The measure that says how far content was kept: the drawn truth's where there is one."""
        held = self.metrics()
        return next((metric for metric in CONTENT if metric in held), CONTENT[-1])

    def reason(self, method: str) -> str:
        """Why there is no number of a run; empty where there is one."""
        if self.run.facts is None:
            return self.run.reason
        if method in self.facts["not_run"]:
            return str(self.facts["not_run"][method])
        return "" if any(value["method"] == method for value in self.facts["values"]) else BLANK

    def translated(self, method: str, seed: int = 0) -> bool:
        """Whether a run passes "was it translated?"; what has no gate passes."""
        gate = self.facts.get("gate", {})
        return bool(gate.get(f"{method}_{seed}" if seed else method, {"translated": True})["translated"])


def open_score(inputs: Mapping[str, Path], name: str, profile: str) -> Score:
    """The input called `name`. Raises: ValueError where it is missing, or of another profile."""
    if name not in inputs:
        raise ValueError(f"expected an input named {name}, got {sorted(inputs)}")
    score = Score(open_run(inputs[name], "score"), inputs[name])
    if score.run.facts is not None and score.facts["profile"] != profile:
        raise ValueError(f"{name}: expected a score of the profile {profile}, got {score.facts['profile']}")
    return score


def open_scores(inputs: Mapping[str, Path], prefix: str, names: Iterable[str], profile: str) -> dict[str, Score]:
    """The inputs `<prefix>_<name>`, by name. Raises: as `open_score`."""
    return {name: open_score(inputs, f"{prefix}_{name}", profile) for name in names}
