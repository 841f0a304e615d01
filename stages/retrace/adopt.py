"""Tells both engines that what lies in results/ is up to date, after checking it by bytes.

Snakemake knows only its own runs, DVC only what its lock file holds. A stage is adopted if all of its outputs agree
with its receipt, the receipt speaks of the command, parameters, code and inputs of today, and the same holds for all
stages before it.
"""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from stages import graph
from stages.graph import Stage
from stages.retrace import current
from stages.runner import receipt


@dataclass
class Report:
    """Stages by what was found; `broken` lists disagreements between receipts and bytes."""

    adopted: list[str] = field(default_factory=list)
    unbuilt: list[str] = field(default_factory=list)
    stale: dict[str, list[str]] = field(default_factory=dict)
    broken: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """0 done, 1 bytes that disagree with their receipt, 3 an engine that could not be told."""
        return 1 if self.broken else 3 if self.failed else 0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def adopt(targets: Sequence[str], root: Path) -> Report:
    """Checks the targets (all stages if none are named) with everything before them, then tells both engines.

    Raises: ValueError for a target that the graph does not know.
    """
    stages = graph.load(root)
    wanted = graph.ancestors(stages, targets) if targets else list(stages)
    report, good = Report(), _check(wanted, graph.producer(stages))
    for stage, (state, reasons) in good.items():
        if state in ("stale", "broken"):
            getattr(report, state)[stage.name] = reasons
        else:
            getattr(report, state).append(stage.name)
    if report.broken or not report.adopted:
        report.adopted = []
        return report
    outs = [out for stage in wanted if stage.name in report.adopted for out in stage.outs]
    _tell(report, "snakemake", ["--touch", "--forceall", "--no-hooks", "--cores", "1", "--quiet", "all", "--", *outs])
    _tell(report, "python", ["-m", "stages.retrace.dvc_lock", *report.adopted])
    return report


def _check(wanted: Sequence[Stage], made: dict[str, Stage]) -> dict[Stage, tuple[str, list[str]]]:
    """Each stage's state and the reasons for it, in an order where producers come first."""
    states: dict[Stage, tuple[str, list[str]]] = {}

    def visit(stage: Stage) -> None:
        if stage in states:
            return
        before = [made[dep] for dep in stage.deps if dep in made]
        for producer in before:
            visit(producer)
        states[stage] = _state(stage)
        late = [producer.name for producer in before if states[producer][0] != "adopted"]
        if states[stage][0] == "adopted" and late:
            states[stage] = ("stale", [f"{name} before it is not adopted" for name in late])

    for stage in wanted:
        visit(stage)
    return states


def _state(stage: Stage) -> tuple[str, list[str]]:
    place = current.receipt_path(stage)
    if not any(Path(out).exists() for out in stage.outs):
        return "unbuilt", []
    if not place.is_file():
        return "broken", [f"{place} is missing, so nothing vouches for {', '.join(stage.outs)}"]
    if problems := receipt.verify_output(place):
        return "broken", problems
    differences = current.changes(stage, receipt.read(place))
    return ("stale", [f"{difference} changed" for difference in differences]) if differences else ("adopted", [])


def _tell(report: Report, engine: str, words: list[str]) -> None:
    """Runs an engine of this environment; what it says is kept only if it fails."""
    try:
        done = subprocess.run(
            [Path(sys.executable).parent / engine, *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        report.failed[engine] = f"{error}; run make, which installs both engines"
        return
    if done.returncode:
        report.failed[engine] = (done.stdout + done.stderr).strip()
