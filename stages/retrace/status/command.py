"""`retrace status`: what runs now under either engine, and how the last runs ended, from .work alone."""

import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stages.retrace.report import FINE
from stages.runner.exits import meaning
from stages.runner.live import RUNNING, birth
from stages.runner.machine import RUNS

SHOWN = 5
CURVE = "curve.csv"


@dataclass(frozen=True)
class Running:
    """A stage that runs, or whose process went without saying so (`alive` is False then)."""

    stage: str
    pid: int
    alive: bool
    seconds: float
    done: int | None
    total: int | None
    left_s: float | None
    text: str
    log: str
    curve: str


@dataclass(frozen=True)
class Ended:
    """The last run of a stage: when it began, its exit code and what that means."""

    stage: str
    started: str
    seconds: float
    exit: int
    meaning: str
    failure: str


@dataclass(frozen=True)
class Status:
    """What runs, longest first, and the runs that ended last, latest first."""

    running: tuple[Running, ...]
    ended: tuple[Ended, ...]
    code: int = FINE

    def as_dict(self) -> dict[str, Any]:
        return {"running": [asdict(one) for one in self.running], "ended": [asdict(one) for one in self.ended]}


def run() -> Status:
    """Reads what running stages write of themselves, and the logs of runs."""
    running = sorted(_running(), key=lambda one: (not one.alive, -one.seconds))
    return Status(tuple(running), tuple(_ended()))


def _running() -> Iterator[Running]:
    for path in sorted(RUNNING.glob("*.json")):
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            pid, stage = int(held["pid"]), str(held["stage"])
        except (OSError, ValueError, KeyError, TypeError):
            # It ended as we looked, or a full disk cut it short.
            continue
        curve = Path(held["resume"], CURVE)
        alive = bool(held["born"]) and birth(pid) == held["born"]
        yield Running(
            stage, pid, alive, time.time() - held["started"], held.get("done"), held.get("total"), held.get("left_s"),
            held.get("text", ""), held["log"], curve.as_posix() if curve.is_file() else "",
        )  # fmt: skip


def _ended() -> Iterator[Ended]:
    """The last line of the logs that were written last."""
    logs = sorted(RUNS.glob("*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in logs[:SHOWN]:
        try:
            last = json.loads(path.read_text(encoding="utf-8").splitlines()[-1])
        except (OSError, ValueError, IndexError):
            continue
        code = int(last["exit"])
        failure = (last["failure"].strip().splitlines() or [""])[-1]
        yield Ended(last["stage"], last["started"], last["seconds"], code, meaning(code), failure)
