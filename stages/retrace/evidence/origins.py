"""Where each parameter of a receipt comes from: the layer that set it, its origin there, its gap."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stages import homes
from stages.retrace.evidence import papers
from stages.retrace.evidence.receipts import Receipt
from stages.runner import layers, params

GAP = re.compile(r"\bG\d+\b")


@dataclass(frozen=True)
class Parameter:
    """One value as a stage used it. `now` is its present value where that is another one."""

    key: str
    value: Any
    origin: str
    layer: str
    gaps: tuple[str, ...]
    now: Any = None


@dataclass(frozen=True)
class Gap:
    """A decision that a paper's text leaves open."""

    paper: str
    id: str
    question: str
    default: str


class Origins:
    """The files of parameters and of gaps, for looking up where values come from."""

    def __init__(self) -> None:
        """Raises: StageFailure for parameters that no stage may read; Spoiled for gaps that are none."""
        self._params = params.load()
        self._comments = layers.comments(homes.files())
        self._gaps = {file.parent.name: papers.gaps(file) for file in papers.files("gaps.yaml")}

    def parameters(self, node: Receipt) -> list[Parameter]:
        """A receipt's parameters, sorted by key, with the comment of their base layer and the layer that set them."""
        names = node.content["layers"]
        held = [(name, self._layer(name)) for name in names]
        found = []
        for key, value in sorted(node.content["params"].items()):
            setters = [name for name, content in held if key in content]
            base = setters[0] if setters else ""
            present = self._layer(setters[-1])[key] if setters else None
            origin = self._comments.get(f"{base}.{key}", "")
            now = None if present == value or not setters else present
            found.append(Parameter(key, value, origin, setters[-1] if setters else "", tuple(GAP.findall(origin)), now))
        return found

    def gaps(self, nodes: Iterable[Receipt]) -> list[Gap]:
        """The gaps that receipts rest on, by paper and number, each once."""
        found = {}
        for node in nodes:
            for gap in node.content["gaps"]:
                for paper, entry in self._entries(gap, node):
                    found[paper, gap] = Gap(paper, gap, entry.question, entry.default)
        return sorted(found.values(), key=lambda gap: (gap.paper, int(gap.id[1:])))

    def _entries(self, gap: str, node: Receipt) -> list[tuple[str, papers.GapEntry]]:
        """Numbers are a paper's own: the papers whose layers the stage reads, else those whose gap names its layers."""
        known = [(paper, entry) for paper, gaps in self._gaps.items() for entry in gaps if entry.id == gap]
        own = {name.partition(".")[0] for name in node.content["layers"]}
        mine = [(paper, entry) for paper, entry in known if paper in own]
        heads = tuple(f"{name}" for name in node.content["layers"])
        return mine or [(p, e) for p, e in known if any(str(key).startswith(heads) for key in e.keys)] or known

    def _layer(self, name: str) -> Mapping[str, Any]:
        """The present content of a layer; empty where it is no longer there."""
        content: Any = self._params
        for part in name.split("."):
            content = content.get(part) if isinstance(content, dict) else None
        return content if isinstance(content, dict) else {}
