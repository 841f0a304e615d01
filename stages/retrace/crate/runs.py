"""What the run log says of a stage's executions: times, cost and outcome.

Nothing else of a log enters a crate: a message of failure may name folders of the machine's owner.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stages.retrace.evidence import run_log
from stages.retrace.evidence.receipts import Receipt
from stages.runner.exits import DONE
from stages.runner.machine import RUNS

# Field of the log -> what it measures, and its unit in QUDT.
COSTS = {
    "seconds": ("wall time", "https://qudt.org/vocab/unit/SEC"),
    "cpu_seconds": ("CPU time", "https://qudt.org/vocab/unit/SEC"),
    "peak_memory_mb": ("peak memory", "https://qudt.org/vocab/unit/MebiBYTE"),
}


@dataclass(frozen=True)
class Run:
    """One execution; times in ISO 8601."""

    started: str
    ended: str
    code: int
    engine: str
    costs: dict[str, float]


def executions(node: Receipt) -> list[Run]:
    """The logged executions of what a receipt names, oldest first; empty in a clone, where no log is."""
    log = RUNS / f"{node.stage.replace('/', '~')}.jsonl"
    return [_run(record) for record in run_log.ended(log) if record.fingerprint == node.fingerprint]


def finished(runs: list[Run]) -> Run | None:
    """The last one that came to its end."""
    done = [run for run in runs if run.code == DONE]
    return done[-1] if done else None


def _run(record: run_log.Ended) -> Run:
    started = datetime.strptime(record.started, run_log.STAMP).replace(tzinfo=UTC)
    ended = started + timedelta(seconds=record.seconds)
    costs = {name: value for name in COSTS if (value := getattr(record, name)) is not None}
    return Run(_text(started), _text(ended), record.exit, record.engine, costs)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
