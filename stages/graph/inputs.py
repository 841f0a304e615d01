"""What an entry refers to: axes, groups of inputs, and the path behind each input's name."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from stages.graph.rules import closest
from stages.graph.source import Axis, Each, Entry, Inputs, Renaming, Source
from stages.graph.template import NAME, Axes, fill, names, points
from stages.graph.verbs import OWN_NOUNS

STORE = "results/store/${profile}"


class References:
    """Looks up what the entries of one source name, and remembers what was asked for."""

    def __init__(self, source: Source, shared: Source) -> None:
        """Raises: ValueError where a paper's axis hides a shared one."""
        self.source = source
        own = source.document.axes
        self._axes = {**shared.document.axes, **own}
        if source is not shared and (hidden := own.keys() & shared.document.axes.keys()):
            raise ValueError(f"{source.file}: axes: {min(hidden)} is an axis of {shared.file} already")
        self._used: set[str] = set()

    def refuse_idle(self) -> None:
        """Raises: ValueError for an axis or a group of inputs that no entry named."""
        for kind, known in (("axes", self.source.document.axes), ("inputs", self.source.document.inputs)):
            if idle := [name for name in known if name not in self._used]:
                raise ValueError(f"{self.source.file}: {kind}: nothing uses {idle[0]}; leave it out")

    def matrix(self, name: str, entry: Entry) -> Axes:
        """The axes of an entry's matrix, with their points."""
        return {axis: self._points(name, f"matrix.{axis}", points) for axis, points in entry.matrix.items()}

    def _points(self, name: str, key: str, axis: Axis) -> list[str | int]:
        """The points of a matrix, as DVC takes them."""
        found = self._axis(name, key, axis)
        if isinstance(found, dict):
            raise self.source.wrong(name, key, f"{axis} is a mapping, which only inputs can go over")
        return found

    def _axis(self, name: str, key: str, axis: Axis | Renaming) -> list[str | int] | Renaming:
        if not isinstance(axis, str):
            return axis
        if axis not in self._axes:
            raise self.source.wrong(name, key, f"there is no axis {axis}{closest(axis, self._axes)}")
        self._used.add(axis)
        return self._axes[axis]

    def check_artifact(self, name: str, entry: Entry, axes: Axes) -> None:
        """Only a model is an artifact, at points that the matrix has."""
        if entry.artifact is None:
            return
        if not entry.out.startswith("model/"):
            raise self.source.wrong(name, "artifact", f"expected a stage whose out is model/…, found {entry.out}")
        for axis, chosen in entry.artifact.items():
            if axis not in axes:
                raise self.source.wrong(name, "artifact", f"there is no axis {axis}{closest(axis, axes)}")
            if strange := [point for point in chosen if point not in axes[axis]]:
                raise self.source.wrong(name, f"artifact.{axis}", f"{strange[0]} is no point of it")

    def check_text(self, name: str, key: str, text: str, known: set[str]) -> None:
        for one in names(text):
            if one not in known:
                raise self.source.wrong(name, key, f"${{{one}}} is nothing here{closest(one, known)}")

    def inputs(self, name: str, entry: Entry) -> dict[str, str]:
        """Name -> path of every input, in the order of the command."""
        axes = {f"item.{axis}" for axis in entry.matrix}
        found: dict[str, str] = {}
        for part in entry.inputs if isinstance(entry.inputs, list) else [entry.inputs]:
            given: Inputs
            if isinstance(part, str):
                if part not in self.source.document.inputs:
                    known = closest(part, self.source.document.inputs)
                    raise self.source.wrong(name, "in", f"there is no group of inputs {part}{known}")
                self._used.add(part)
                given = self.source.document.inputs[part]
            else:
                given = part
            for key, path in self._named(name, given, axes):
                if key in found:
                    raise self.source.wrong(name, "in", f"{key} is given twice")
                found[key] = self.path(name, f"in.{key}", path)
        return found

    def _named(self, name: str, given: Inputs, axes: set[str]) -> Iterator[tuple[str, str]]:
        for key, value in given.items():
            if not isinstance(value, Each):
                self.check_text(name, f"in.{key}", f"{key} {value}", axes)
                yield key, value
                continue
            over = {axis: self._axis(name, f"in.{key}.each.{axis}", points) for axis, points in value.each.items()}
            self.check_text(name, f"in.{key}", f"{key} {value.path}", axes | set(over))
            if idle := [axis for axis in over if axis not in names(key)]:
                raise self.source.wrong(name, f"in.{key}", f"does not hold ${{{idle[0]}}}, so names would repeat")
            for point in points({axis: list(held) for axis, held in over.items()}):
                paths = {
                    axis: held[str(point[axis])] if isinstance(held := over[axis], dict) else point[axis]
                    for axis in over
                }
                yield fill(key, point), fill(value.path, paths)

    def path(self, name: str, key: str, text: str) -> str:
        """A file with a suffix lies beside the graph source; all else is made by a stage of the active profile."""
        if PurePosixPath(NAME.sub("x", text)).suffix:
            return f"{self.source.folder}/{text}"
        noun, _, rest = text.partition("/")
        if not rest:
            raise self.source.wrong(name, key, f"expected noun/name, such as data/face, or a file; found {text}")
        own = f"{self.source.paper}/" if self.source.paper and noun in OWN_NOUNS else ""
        return f"{STORE}/{noun}/{own}{rest}"
