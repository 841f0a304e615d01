"""What ran: one action for each stage, one for the workflow, and what steered them. Nobody's name is in it."""

from collections.abc import Sequence
from pathlib import Path

from stages import homes
from stages.retrace.crate.graph import ROOT, Graph, local
from stages.retrace.crate.payload import Payload
from stages.retrace.crate.plan import WORKFLOW, Plan
from stages.retrace.crate.runs import COSTS, Run, executions, finished
from stages.retrace.evidence.receipts import Receipt
from stages.runner.exits import DONE

LOCK = Path("envs/core.lock")
RUN = local("run")
OPERATOR = local("operator")
COMPLETED, FAILED = "http://schema.org/CompletedActionStatus", "http://schema.org/FailedActionStatus"
SHORT = 16
# The log knows DVC by its environment; what is not DVC is Snakemake or somebody's shell.
ENGINES = {
    "dvc": ("DVC", "dvc", ".dvc/config"),
    "other": ("Snakemake, or its commands in a shell", "snakemake", "profiles/default/profile.yaml"),
}
BYTE = "https://qudt.org/vocab/unit/BYTE"


class Actions:
    """Describes the runs that receipts and logs tell of."""

    def __init__(self, graph: Graph, plan: Plan, payload: Payload) -> None:
        self._graph, self._plan, self._payload = graph, plan, payload
        self._spans: list[Run] = []
        note = "Whoever ran the stages. Receipts and this crate hold no name of a person, machine or folder."
        graph.add(OPERATOR, "Organization", name="Operator of this run", description=note)

    @property
    def last_day(self) -> str:
        """The day on which the last stage ended; empty without a log."""
        return max((run.ended for run in self._spans), default="")[:10]

    def workflow(self, finals: Sequence[Receipt]) -> None:
        """The run as a whole; stages may have run in several sessions."""
        names = ", ".join(sorted(node.stage for node in finals))
        self._action(RUN, WORKFLOW, f"Run of {WORKFLOW}", f"All stages that {names} rest on")
        for node in finals:
            self._graph.link(RUN, "result", *self._payload.artefacts(node))

    def stage(self, node: Receipt) -> None:
        """The execution that a receipt stands for, and the failed ones before it."""
        runs = executions(node)
        key = local("run", node.fingerprint[:SHORT])
        self._one(key, node, finished(runs))
        attempts = [run for run in runs if run.code != DONE]
        failed = [self._attempt(f"{key}/failed/{number}", node, run) for number, run in enumerate(attempts, 1)]
        control = local("control", node.fingerprint[:SHORT])
        self._graph.add(control, "ControlAction", name=f"Step {node.stage}", actionStatus=COMPLETED)
        self._graph.link(control, "instrument", self._plan.step(node))
        self._graph.link(control, "object", key, *failed)
        for engine in sorted({run.engine for run in runs} & ENGINES.keys()):
            self._organize(engine, control)

    def close(self) -> None:
        """The workflow's own times, from the first stage to the last."""
        if self._spans:
            started, ended = min(run.started for run in self._spans), max(run.ended for run in self._spans)
            self._graph.add(RUN, "CreateAction", startTime=started, endTime=ended)

    def _one(self, key: str, node: Receipt, run: Run | None) -> None:
        self._action(key, self._plan.tool(node), f"Run of {node.stage}", _command(node))
        values, same = self._plan.parameters(node)
        read, own = self._plan.inputs(node)
        self._graph.link(key, "object", *read, *values, *self._plan.choices(node))
        self._graph.link(RUN, "object", *own, *values)
        if same and values:
            places = dict.fromkeys(map(homes.home, node.content["layers"]))
            self._graph.link(key, "object", *map(self._payload.present, places))
        self._plan.output(node)
        self._graph.link(key, "result", *self._payload.artefacts(node))
        size = sum(entry["size"] for entry in node.content["outputs"].values())
        self._cost(key, "disk", "bytes of outputs", size, BYTE)
        if run:
            self._timed(key, run)

    def _attempt(self, key: str, node: Receipt, run: Run) -> str:
        self._action(key, self._plan.tool(node), f"Failed run of {node.stage}", _command(node), FAILED)
        self._timed(key, run)
        self._graph.add(key, "CreateAction", error=f"exit code {run.code}")
        return key

    def _action(self, key: str, tool: str, name: str, note: str, status: str = COMPLETED) -> None:
        self._graph.add(key, "CreateAction", name=name, description=note, actionStatus=status)
        self._graph.link(key, "instrument", tool)
        self._graph.link(key, "agent", OPERATOR)
        self._graph.link(ROOT, "mentions", key)

    def _timed(self, key: str, run: Run) -> None:
        self._spans.append(run)
        self._graph.add(key, "CreateAction", startTime=run.started, endTime=run.ended)
        for name, value in run.costs.items():
            self._cost(key, name, COSTS[name][0], value, COSTS[name][1])

    def _cost(self, key: str, name: str, label: str, value: float, unit: str) -> None:
        quantity = self._graph.add(local("quantity", name), "DefinedTerm", name=label)
        held = f"{key}/{name}"
        self._graph.add(held, "PropertyValue", name=label, propertyID=quantity, unitCode=unit, value=value)
        self._graph.link(key, "resourceUsage", held)

    def _organize(self, engine: str, control: str) -> None:
        """The engine's run, with its own settings."""
        name, package, settings = ENGINES[engine]
        tool, key = local("engine", package), local("organize", package)
        self._graph.add(tool, "SoftwareApplication", name=name, softwareVersion=_locked(package))
        self._graph.add(key, "OrganizeAction", name=f"Run of {name}")
        self._graph.link(key, "instrument", tool)
        self._graph.link(key, "agent", OPERATOR)
        self._graph.link(key, "object", control)
        self._graph.link(key, "result", RUN)
        # The validator wants nothing but steps as object, so the settings point to the run, not the run to them.
        if found := self._payload.present(settings):
            self._graph.link(found, "about", key)


def _command(node: Receipt) -> str:
    return " ".join(["python -m", f"stages.{node.content['command'][0]}", *node.content["command"][1:]])


def _locked(package: str) -> str:
    """The version of a package that the lock names."""
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        name, _, version = line.partition("==")
        if name == package:
            return version.split()[0]
    return ""
