"""What the run log says of a stage's executions: times, cost and outcome.

Nothing else of a log enters a crate: a message of failure may name folders of the machine's owner.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

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
    found = []
    for line in log.read_text(encoding="utf-8").splitlines() if log.is_file() else ():
        try:
            record = json.loads(line)
        except json.JSONDecodeError:  # the machine went down while it was written
            continue
        if record["fingerprint"] == node.fingerprint:
            found.append(_run(record))
    return found


def finished(runs: list[Run]) -> Run | None:
    """The last one that came to its end."""
    done = [run for run in runs if run.code == DONE]
    return done[-1] if done else None


def _run(record: dict) -> Run:
    started = datetime.strptime(record["started"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    ended = started + timedelta(seconds=record["seconds"])
    costs = {name: record[name] for name in COSTS if name in record}
    return Run(_text(started), _text(ended), record["exit"], record["engine"], costs)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")
