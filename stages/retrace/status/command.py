"""`retrace status`: what runs now under either engine, and how the last runs ended, from .work alone."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from stages.retrace.answer import FINE
from stages.retrace.evidence import run_log
from stages.runner import lock
from stages.runner.exits import meaning
from stages.runner.live import birth

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
    for held in run_log.living():
        curve = Path(held.resume, CURVE)
        # Of a run on another machine that shares this folder only its lock can be seen.
        alive = (bool(held.born) and birth(held.pid) == held.born) or bool(lock.holder(lock.place(held.stage)))
        yield Running(
            held.stage, held.pid, alive, max(time.time() - held.started, 0), held.done, held.total, held.left_s,
            held.text, held.log, curve.as_posix() if curve.is_file() else "",
        )  # fmt: skip


def _ended() -> Iterator[Ended]:
    """The last line of the logs that were written last."""
    logs = sorted(run_log.logs(), key=lambda path: path.stat().st_mtime, reverse=True)
    lasts = (found[-1] for path in logs if (found := run_log.ended(path)))
    for last in islice(lasts, SHOWN):
        failure = (last.failure.strip().splitlines() or [""])[-1]
        yield Ended(last.stage, last.started, last.seconds, last.exit, meaning(last.exit), failure)
