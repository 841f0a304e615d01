"""What was meant to run: the workflow, its steps and tools, and how parameters reach them."""

import ast
import hashlib
import json
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from stages import graph as stage_graph
from stages.retrace.crate.graph import Graph, local
from stages.retrace.crate.payload import Payload
from stages.retrace.evidence.origins import Origins
from stages.retrace.evidence.receipts import Receipt, Shelf, outputs

WORKFLOW = "dvc.yaml"
SOURCE = "SoftwareSourceCode"
TYPES = {bool: "Boolean", int: "Integer", float: "Float", str: "Text"}
SHORT = 12
REQUIREMENTS = "https://pip.pypa.io/en/stable/reference/requirements-file-format/"


class Plan:
    """Describes each thing when it is first asked for."""

    def __init__(self, graph: Graph, shelf: Shelf, payload: Payload) -> None:
        self._graph, self._shelf, self._payload = graph, shelf, payload
        self._origins = Origins()
        stages = stage_graph.load(Path())
        self._groups = {place: stage.group for stage in stages for place in stage.outs}
        self._told = {stage.group: stage.desc for stage in stages}
        self._before: dict[str, set[str]] = {}

    def tool(self, node: Receipt) -> str:
        """The program that ran, by its verb and by the digest of all code that it could import."""
        verb, code = node.content["verb"], node.content["code"]
        version = hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()
        key = local("tool", f"{verb}-{version[:SHORT]}")
        if key not in self._graph:
            parts = {path: self._payload.version(path, sha256, SOURCE) for path, sha256 in sorted(code.items())}
            for path, part in parts.items():
                self._graph[part]["version"] = code[path]
            script = f"stages/{verb}.py"
            note = _docstring(self._payload.sources.get(unquote(parts[script])))
            self._graph.add(
                key, "SoftwareApplication", name=f"stages.{verb}", softwareVersion=version, description=note
            )
            self._graph.link(key, "softwareRequirements", *parts.values())
            self._graph.link(key, "mainEntity", parts[script])
            self._graph.link(WORKFLOW, "hasPart", key)
        return key

    def step(self, node: Receipt) -> str:
        """The stage group of dvc.yaml that asked for it, with this tool."""
        tool = self.tool(node)
        place = node.place.as_posix() if node.is_final else node.stage
        group = self._groups.get(place) or str(node.content["verb"])
        key = local("step", group, tool.rpartition("-")[2])
        self._graph.add(key, "HowToStep", name=group, description=self._told.get(group))
        self._graph.link(key, "workExample", tool)
        self._graph.link(WORKFLOW, "step", key)
        environment = node.content["environment"]
        lock = self._payload.version(environment["lock"], environment["sha256"])
        self._graph.link(lock, "conformsTo", self._graph.add(REQUIREMENTS, "WebPage", name="pip's requirements file"))
        self._graph.link(key, "buildInstructions", lock)
        self._graph.link(WORKFLOW, "buildInstructions", lock)
        self._before.setdefault(key, set())
        return key

    def positions(self) -> None:
        """Numbers the steps: one that needs another's output has the greater number."""
        try:
            order = list(TopologicalSorter(self._before).static_order())
        except CycleError:  # stages of two groups that feed each other: no order of groups exists
            return
        depth: dict[str, int] = {}
        for step in order:
            depth[step] = 1 + max((depth[one] for one in self._before.get(step, ())), default=0)
            self._graph[step]["position"] = depth[step]

    def parameters(self, node: Receipt) -> tuple[list[str], bool]:
        """The values that a stage used, and whether their files still hold them all."""
        step, tool, found, same = self.step(node), self.tool(node), [], True
        for one in self._origins.parameters(node):
            name = f"{one.layer or node.content['layers'][-1]}.{one.key}"
            kind, value = _typed(one.value)
            source = self._slot(WORKFLOW, "input", local("parameter", name), name, kind, one.origin)
            target = self._slot(tool, "input", f"{tool}/parameter/{local(one.key)[1:]}", one.key, kind)
            self._connect(step, source, target)
            mark = hashlib.sha256(json.dumps(one.value, sort_keys=True).encode()).hexdigest()[:SHORT]
            held = self._graph.add(local("value", name, mark), "PropertyValue", name=name, value=value)
            self._graph.link(held, "exampleOfWork", source, target)
            found.append(held)
            same = same and one.now is None and bool(one.layer)
        return found, same

    def choices(self, node: Receipt) -> list[str]:
        """The words of the command that choose, such as seed and method; dvc.yaml itself gives them."""
        tool, found = self.tool(node), []
        for name, value in _options(node.content["command"]):
            slot = self._slot(tool, "input", f"{tool}/choice/{local(name)[1:]}", name, "Text")
            held = self._graph.add(local("choice", name, value), "PropertyValue", name=name, value=value)
            self._graph.link(held, "exampleOfWork", slot)
            found.append(held)
        return found

    def inputs(self, node: Receipt) -> tuple[list[str], list[str]]:
        """What a stage read: (everything, the source files among it)."""
        step, tool = self.step(node), self.tool(node)
        read, own = [], []
        for name, entry, made_by in self._shelf.inputs(node):
            slot = f"{tool}/in/{local(name)[1:]}"
            if made_by:
                files = self._payload.artefacts(made_by)
                self._before[step].add(self.step(made_by))
                source = self.output(made_by)
            else:
                files = [self._payload.version(entry["path"], entry["sha256"])]
                own += files
                source = self._slot(WORKFLOW, "input", local("file", entry["path"]), entry["path"], "File")
                self._graph.link(files[0], "exampleOfWork", source)
            self._slot(tool, "input", slot, name, "Dataset" if made_by and not made_by.is_final else "File")
            for file in files:
                self._graph.link(file, "exampleOfWork", slot)
            self._connect(step, source, slot)
            read += files
        self._before[step].discard(step)
        return read, own

    def output(self, node: Receipt) -> str:
        """The slot of what a tool makes; a final file also has one of the workflow's."""
        tool = self.tool(node)
        kind = "File" if node.is_final else "Dataset"
        slot = self._slot(tool, "output", f"{tool}/out", "out", kind)
        made = self._payload.artefacts(node)
        for path, key in zip(outputs(node) if node.is_final else (), made, strict=node.is_final):
            target = self._slot(WORKFLOW, "output", local("final", path), path, "File")
            self._graph.link(key, "exampleOfWork", target)
            self._connect(WORKFLOW, slot, target)
        for key in made:
            self._graph.link(key, "exampleOfWork", slot)
        return slot

    def _slot(self, owner: str, side: str, key: str, name: str, kind: str, note: str = "") -> str:
        """A formal parameter; one that held values of several types lists them."""
        known = self._graph[key]["additionalType"] if key in self._graph else []
        kinds = sorted({kind, *([known] if isinstance(known, str) else known)})
        self._graph.add(
            key, "FormalParameter", name=name, description=note, additionalType=kinds[0] if len(kinds) == 1 else kinds
        )
        self._graph.link(owner, side, key)
        return key

    def _connect(self, owner: str, source: str, target: str) -> None:
        key = local("connection", hashlib.sha256(f"{source} {target}".encode()).hexdigest()[:16])
        self._graph.add(key, "ParameterConnection")
        self._graph.link(key, "sourceParameter", source)
        self._graph.link(key, "targetParameter", target)
        self._graph.link(owner, "connection", key)


def _options(command: Sequence[str]) -> list[tuple[str, str]]:
    """(name, value) of a command's options with one value, apart from its layers, files and folders."""
    found = []
    for word, value in pairwise(command[1:]):
        if word.startswith("--") and word not in ("--block", "--in", "--out", "--files"):
            found.append((word[2:], value))
    return found


def _typed(value: Any) -> tuple[str, Any]:
    """A value as schema.org can say it: lists, mappings and null as their JSON text."""
    kind = TYPES.get(type(value))
    return (kind, value) if kind else ("Text", json.dumps(value, sort_keys=True))


def _docstring(source: Path | bytes | None) -> str:
    """The first line of what a module says of itself."""
    if source is None:
        return ""
    text = source if isinstance(source, bytes) else source.read_bytes()
    return (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
