"""The eleven competency questions of Workflow Run RO-Crate, asked of a crate's JSON-LD alone."""

from datetime import datetime
from typing import Any

COMPLETED = "http://schema.org/CompletedActionStatus"


class Crate:
    """A metadata document as a graph to walk."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.entities = {entity["@id"]: entity for entity in document["@graph"]}
        self.workflow = self.follow("./", "mainEntity")[0]
        (self.run,) = (one for one in self.of("CreateAction") if self.follow(one, "instrument") == [self.workflow])

    def of(self, kind: str) -> list[str]:
        return [key for key, entity in self.entities.items() if kind in listed(entity["@type"])]

    def follow(self, key: str, name: str) -> list[str]:
        """Links of a property; one that leads nowhere is an error of the crate."""
        found = [one["@id"] for one in listed(self.entities[key].get(name, [])) if isinstance(one, dict)]
        assert all(one in self.entities for one in found), f"{key} {name} leads to nothing: {found}"
        return found

    def value(self, key: str, name: str) -> Any:
        return self.entities[key].get(name)

    def is_a(self, key: str, kind: str) -> bool:
        return kind in listed(self.entities[key]["@type"])

    def tool_runs(self) -> dict[str, str]:
        """What a tool's run made -> the run; those that came to their end."""
        tools = set(self.follow(self.workflow, "hasPart"))
        runs = [one for one in self.of("CreateAction") if set(self.follow(one, "instrument")) <= tools]
        return {made: one for one in runs if self.value(one, "actionStatus") == COMPLETED
                for made in self.follow(one, "result")}  # fmt: skip

    def step_of(self, made: str) -> str:
        """The step whose execution made something."""
        run = self.tool_runs()[made]
        (control,) = (one for one in self.of("ControlAction") if run in self.follow(one, "object"))
        return self.follow(control, "instrument")[0]

    def seconds(self, action: str) -> float:
        start, end = (datetime.fromisoformat(self.entities[action][name]) for name in ("startTime", "endTime"))
        return (end - start).total_seconds()

    # --- the questions ------------------------------------------------------------------------------------------------

    def cq1(self, made: str) -> tuple[list[str], list[str]]:
        """Container images that were used, and the lock that stands in for them."""
        return self.follow(self.tool_runs()[made], "containerImage"), self.cq4(made)

    def cq2(self, made: str) -> dict[str, tuple[str, float]]:
        """Memory, processor, disk: quantity -> (unit, value)."""
        costs = self.follow(self.tool_runs()[made], "resourceUsage")
        names = {one: self.value(self.value(one, "propertyID"), "name") for one in costs}
        units = {one: self.value(one, "unitCode").rpartition("/")[2] for one in costs}
        return {names[one]: (units[one], self.value(one, "value")) for one in costs}

    def cq3(self, made: str) -> list[str]:
        """Configuration files of an execution: files that it read in no slot of the tool."""
        run = self.tool_runs()[made]
        return [one for one in self.follow(run, "object") if self.is_a(one, "File")
                and not self.entities[one].get("exampleOfWork")]  # fmt: skip

    def cq4(self, made: str) -> list[str]:
        """The environment file of a step."""
        return self.follow(self.step_of(made), "buildInstructions")

    def cq5(self, made: str) -> float:
        """How long a component took."""
        return self.seconds(self.tool_runs()[made])

    def cq6(self) -> float:
        """How long the workflow took, from the first start to the last end."""
        return self.seconds(self.run)

    def cq7(self) -> tuple[str, list[tuple[str, str]]]:
        """Whether the run succeeded, and which executions failed with what."""
        failed = [(self.value(one, "name"), self.value(one, "error")) for one in self.of("CreateAction")
                  if self.value(one, "actionStatus") != COMPLETED]  # fmt: skip
        return self.value(self.run, "actionStatus"), sorted(failed)

    def cq8(self) -> tuple[list[str], list[str]]:
        """The files that the workflow read and made."""
        return tuple([one for one in self.follow(self.run, side) if self.is_a(one, "File")]
                     for side in ("object", "result"))  # fmt: skip

    def cq9(self, made: str) -> str:
        """The version of the tool that a step executed."""
        return self.value(self.follow(self.tool_runs()[made], "instrument")[0], "softwareVersion")

    def cq10(self, made: str) -> tuple[str, str, list[str]]:
        """The script of a tool, its version, and all that it needs."""
        (tool,) = self.follow(self.tool_runs()[made], "instrument")
        (script,) = self.follow(tool, "mainEntity")
        needs = self.follow(tool, "softwareRequirements")
        assert script in needs
        return script, self.value(script, "version"), needs

    def cq11(self, made: str) -> dict[str, tuple[str, Any]]:
        """How the workflow's parameters were used in a tool's run: parameter -> (the tool's own name for it, value)."""
        step, run, found = self.step_of(made), self.tool_runs()[made], {}
        for connection in self.follow(step, "connection"):
            (source,), (target,) = (self.follow(connection, side) for side in ("sourceParameter", "targetParameter"))
            for held in self.follow(run, "object"):
                slots = self.follow(held, "exampleOfWork") if self.is_a(held, "PropertyValue") else []
                if source in slots and target in slots and source in self.follow(self.workflow, "input"):
                    found[self.value(source, "name")] = (self.value(target, "name"), self.value(held, "value"))
        return found


def listed(value: Any) -> list:
    return value if isinstance(value, list) else [value]
