"""Short names of layers into the full list that a command gives, in the order in which they are merged."""

from collections.abc import Mapping
from typing import Any

from stages.graph.rules import closest
from stages.graph.source import Entry, Source
from stages.graph.template import Axes, readings

Values = Mapping[str, Any]


class Layers:
    """The parameters of a project, asked which layers there are."""

    def __init__(self, values: Values) -> None:
        self._values = values

    def expand(self, source: Source, name: str, entry: Entry, axes: Axes) -> list[str]:
        """Bases, data of the set, what stands between, profiles, what comes last; templates stay templates.

        Raises: ValueError for a layer that is not there at every point of the matrix and in every profile.
        """
        prefix = f"{source.paper}." if source.paper else ""
        short = [prefix + layer for layer in entry.layers]
        chosen = entry.set or ("${item.set}" if "set" in axes else "")
        found = [f"{layer}.base" for layer in short]
        if chosen:
            found += [text for layer in short if self._has(source, name, text := f"{layer}.data.{chosen}", axes)]
        found += [prefix + layer for layer in entry.between]
        found += [text for layer in short if self._has(source, name, text := f"{layer}.profile.${{profile}}", axes)]
        found += [prefix + layer for layer in entry.last]
        for text in found:
            for (layer,) in readings([text], axes):
                if not isinstance(self._find(layer), Mapping):
                    raise source.wrong(name, "layers", f"the parameters have no layer {layer}{self._near(layer)}")
        if doubled := [text for text in found if found.count(text) > 1]:
            raise source.wrong(name, "layers", f"{doubled[0]} comes twice")
        return found

    def _has(self, source: Source, name: str, text: str, axes: Axes) -> bool:
        """Whether a kind of layer exists, which must not differ between points of a matrix or profiles."""
        found = {layer: isinstance(self._find(layer), Mapping) for (layer,) in readings([text], axes)}
        if any(found.values()) and not all(found.values()):
            lacking = next(layer for layer, there in found.items() if not there)
            there = next(layer for layer, one in found.items() if one)
            raise source.wrong(
                name, "layers", f"the parameters have {there} and no {lacking}; write {{}} if it is empty"
            )
        return any(found.values())

    def _find(self, layer: str) -> Any:
        node: Any = self._values
        for part in layer.split("."):
            if not isinstance(node, Mapping):
                return None
            node = node.get(part)
        return node

    def _near(self, layer: str) -> str:
        """A hint: the closest name where the path leaves what is there."""
        node: Any = self._values
        for part in layer.split("."):
            if not isinstance(node, Mapping):
                return ""
            if part not in node:
                return closest(part, map(str, node))
            node = node[part]
        return ""
