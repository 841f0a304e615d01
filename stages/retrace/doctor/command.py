"""`retrace doctor`: what stops or blocks a run on this machine, each finding with its remedy."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stages import graph
from stages.retrace.answer import FINDING, FINE
from stages.retrace.doctor import cluster, leftovers, libraries, locks, places, surroundings
from stages.retrace.doctor.findings import Finding


@dataclass(frozen=True)
class Health:
    """All findings, and notes on what is worth knowing."""

    findings: tuple[Finding, ...]

    @property
    def code(self) -> int:
        """1 where something asks for a remedy."""
        return FINDING if any(one.remedy for one in self.findings) else FINE

    def as_dict(self) -> dict[str, Any]:
        named = [asdict(one) for one in self.findings]
        return {
            "findings": [one for one in named if one["remedy"]],
            "notes": [one for one in named if not one["remedy"]],
        }


def run() -> Health:
    """Looks at locks, states, half-published outputs, environment by every byte, user data, disk, and a cluster."""
    stages = graph.load(Path())
    return Health(tuple(one for look in _looks() for one in look(stages)))


def _looks() -> Iterable[Any]:
    return (
        locks.locks, leftovers.publishes, leftovers.states, leftovers.receipts,
        libraries.versions, libraries.files, surroundings.optional, surroundings.user_data, surroundings.disk,
        places.places, cluster.slurm,
    )  # fmt: skip
