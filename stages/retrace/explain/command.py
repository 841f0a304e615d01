"""`retrace explain`: what would run again and why, from receipts and the engines' memories, by bytes, not by times."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stages import graph
from stages.retrace.answer import FINDING, FINE
from stages.retrace.explain.staleness import Reason, Watch


@dataclass(frozen=True)
class Explanation:
    """Stages that would run for reasons of their own, those that follow (with the former), and those up to date."""

    direct: dict[str, tuple[Reason, ...]]
    downstream: dict[str, tuple[str, ...]]
    current: tuple[str, ...]

    @property
    def code(self) -> int:
        """1 where anything would run."""
        return FINDING if self.direct else FINE

    def as_dict(self) -> dict[str, Any]:
        direct = {name: [asdict(reason) for reason in reasons] for name, reasons in self.direct.items()}
        return {"direct": direct, "downstream": self.downstream, "current": self.current}


def run(targets: Sequence[str]) -> Explanation:
    """Explains the targets and everything before them, or the whole graph.

    Raises: ValueError for a target that the graph does not know.
    """
    watch = Watch()
    stages = watch.sources.stages
    made = graph.producer(stages)
    wanted = graph.ancestors(stages, targets) if targets else list(stages)
    direct = {stage.name: reasons for stage in wanted if (reasons := tuple(watch.reasons(stage)))}
    causes: dict[str, frozenset[str]] = {}

    def visit(stage: graph.Stage) -> frozenset[str]:
        """The direct stages before a stage."""
        if stage.name not in causes:
            before = {made[dep] for dep in stage.deps if dep in made}
            causes[stage.name] = frozenset(one.name for one in before if one.name in direct).union(*map(visit, before))
        return causes[stage.name]

    later = {stage.name: tuple(sorted(visit(stage))) for stage in wanted if stage.name not in direct and visit(stage)}
    rest = tuple(stage.name for stage in wanted if stage.name not in direct and stage.name not in later)
    return Explanation(direct, later, rest)
