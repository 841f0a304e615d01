"""One entry of a graph source into one group of dvc.yaml: command, dependencies, parameters, outputs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from stages import homes
from stages.graph.layers import Layers
from stages.graph.names import CHECKED, LOCK
from stages.graph.rules import closest
from stages.graph.source import Axis, Costs, Each, Entry, Inputs, Renaming, Source
from stages.graph.template import NAME, Axes, fill, names, points, readings
from stages.graph.verbs import OWN_NOUNS, VERBS

STORE = "results/store/${profile}"
RECEIPTS = "results/receipts"


@dataclass(frozen=True)
class Group:
    """What dvc.yaml says of an entry, as templates over its matrix and the profile."""

    file: str  # the source that holds the entry
    name: str
    entry: Entry
    axes: Axes
    words: tuple[tuple[str, ...], ...]  # the command, an option and its values each
    deps: tuple[str, ...]
    layers: Mapping[str, Sequence[str]]  # by the file that holds them
    code_key: str
    outs: tuple[str, ...]
    meta: Mapping[str, Any]

    @property
    def choices(self) -> dict[str, str]:
        """The options that choose code."""
        known = {"paper", "method", "what", "set", "need"}
        return {name[2:]: value for name, value in (w for w in self.words if len(w) == 2) if name[2:] in known}


class Shaping:
    """Turns the entries of one source into groups; remembers which axes and groups of inputs were asked for."""

    def __init__(self, source: Source, shared: Source, layers: Layers, root: Path) -> None:
        """Raises: ValueError where a paper's axis hides a shared one."""
        self.source, self.layers, self.root = source, layers, root
        own = source.document.axes
        self._axes = {**shared.document.axes, **own}
        if source is not shared and (hidden := own.keys() & shared.document.axes.keys()):
            raise ValueError(f"{source.file}: axes: {min(hidden)} is an axis of {shared.file} already")
        self._costs = {verb: shared.document.costs.get(verb, Costs()).given() for verb in VERBS}
        for place in (shared, source):
            for verb in place.document.costs:
                if verb not in VERBS:
                    raise ValueError(f"{place.file}: costs: {verb} is no verb{closest(verb, VERBS)}")
        if source is not shared:
            for verb, costs in source.document.costs.items():
                self._costs[verb] = self._merged(f"costs: {verb}", self._costs[verb], costs)
        self._used: set[str] = set()
        self._home = cache(partial(homes.home, root=root))

    def groups(self) -> Iterator[Group]:
        """All groups, in the order of the file. Raises: ValueError by file, stage and key."""
        for name, entry in self.source.document.stages.items():
            yield self._group(name, entry)
        for kind, known in (("axes", self.source.document.axes), ("inputs", self.source.document.inputs)):
            if idle := [name for name in known if name not in self._used]:
                raise ValueError(f"{self.source.file}: {kind}: nothing uses {idle[0]}; leave it out")

    def _group(self, name: str, entry: Entry) -> Group:
        axes = {axis: self._points(name, f"matrix.{axis}", points) for axis, points in entry.matrix.items()}
        self._check_names(name, entry, axes)
        inputs = self._inputs(name, entry)
        listed = self.layers.expand(self.source, name, entry, axes)
        out, files, outs = self._out(name, entry)
        if idle := [axis for axis in axes if f"${{item.{axis}}}" not in out]:
            raise self.source.wrong(
                name, "out", f"does not hold ${{item.{idle[0]}}}, so all of them would write one place"
            )
        costs = self._merged(f"stage {name}: costs", self._costs[entry.verb], entry.costs)
        words = self._words(entry, listed, inputs, out, files, bool(costs.get("gpu")))
        made = [path for path in inputs.values() if path.startswith("results/")]
        deps = dict.fromkeys([LOCK, *([] if made else [CHECKED]), *inputs.values()])
        kept = {key: value for key, value in costs.items() if value}
        meta: dict[str, Any] = {"threads": 1, **kept, **({"env": entry.env} if entry.env else {})}
        if entry.shape.files:
            meta |= {"final": True, "paper": self.source.paper}
            meta |= {"claim": entry.claim} if entry.claim else {}
            meta["caption"] = self._caption(name, out, axes)
        prefix = f"{self.source.paper}_" if self.source.paper else ""
        code_key = "-".join(word.replace(".", "_") if "$" not in word else word for word in self._key(entry))
        return Group(
            self.source.file, prefix + name, entry, axes, words, tuple(deps), self._homes(name, listed, axes), code_key,
            outs, meta,
        )  # fmt: skip

    def _key(self, entry: Entry) -> list[str]:
        own = [self.source.paper] if entry.shape.of_paper else []
        return [entry.verb, *own, entry.chosen, *([entry.method] if entry.method else [])]

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

    def _check_names(self, name: str, entry: Entry, axes: Axes) -> None:
        known = {"profile", *(f"item.{axis}" for axis in axes)}
        plain = {"desc": entry.desc, entry.verb: entry.chosen, "method": entry.method, "seed": entry.seed, "set": entry.set,
                 "out": entry.out, "layers": entry.layers, "with": entry.between, "last": entry.last}  # fmt: skip
        for key, held in plain.items():
            for text in held if isinstance(held, list) else [str(held)]:
                self._check_text(name, key, text, known)

    def _check_text(self, name: str, key: str, text: str, known: set[str]) -> None:
        for one in names(text):
            if one not in known:
                raise self.source.wrong(name, key, f"${{{one}}} is nothing here{closest(one, known)}")

    def _inputs(self, name: str, entry: Entry) -> dict[str, str]:
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
                found[key] = self._path(name, f"in.{key}", path)
        return found

    def _named(self, name: str, given: Inputs, axes: set[str]) -> Iterator[tuple[str, str]]:
        for key, value in given.items():
            if not isinstance(value, Each):
                self._check_text(name, f"in.{key}", f"{key} {value}", axes)
                yield key, value
                continue
            over = {axis: self._axis(name, f"in.{key}.each.{axis}", points) for axis, points in value.each.items()}
            self._check_text(name, f"in.{key}", f"{key} {value.path}", axes | set(over))
            if idle := [axis for axis in over if axis not in names(key)]:
                raise self.source.wrong(name, f"in.{key}", f"does not hold ${{{idle[0]}}}, so names would repeat")
            for point in points({axis: list(held) for axis, held in over.items()}):
                paths = {
                    axis: held[point[axis]] if isinstance(held := over[axis], dict) else point[axis] for axis in over
                }
                yield fill(key, point), fill(value.path, paths)

    def _path(self, name: str, key: str, text: str) -> str:
        """A file with a suffix lies beside the graph source; all else is made by a stage of the active profile."""
        if PurePosixPath(NAME.sub("x", text)).suffix:
            return f"{self.source.folder}/{text}"
        noun, _, rest = text.partition("/")
        if not rest:
            raise self.source.wrong(name, key, f"expected noun/name, such as data/face, or a file; found {text}")
        own = f"{self.source.paper}/" if self.source.paper and noun in OWN_NOUNS else ""
        return f"{STORE}/{noun}/{own}{rest}"

    def _out(self, name: str, entry: Entry) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """(--out, --files, all outputs)."""
        if not entry.shape.files:
            out = self._path(name, "out", entry.out)
            return out, (), (out,)
        if not entry.out.startswith(("tables/", "figures/")):
            raise self.source.wrong(name, "out", f"expected tables/… or figures/…, found {entry.out}")
        out, files = f"results/{entry.out}", tuple(entry.files) or entry.shape.files
        return out, files, (*(f"{out}.{suffix}" for suffix in files), f"{RECEIPTS}/{PurePosixPath(out).name}.json")

    def _merged(self, where: str, held: Mapping[str, int], own: Costs) -> dict[str, int]:
        for key, value in own.given().items():
            if held.get(key, 0) == value:
                raise ValueError(f"{self.source.file}: {where}: {key} is {value} anyway; leave it out")
        return {key: value for key in Costs.model_fields if (value := {**held, **own.given()}.get(key)) is not None}

    def _words(
        self, entry: Entry, layers: Sequence[str], inputs: Mapping[str, str], out: str, files: Sequence[str], gpu: bool
    ) -> tuple[tuple[str, ...], ...]:
        words: list[tuple[str, ...]] = [("exec", "python", "-m", f"stages.{entry.verb}")]
        if entry.shape.of_paper:
            words.append(("--paper", self.source.paper))
        words.append((f"--{entry.shape.choice}", entry.chosen))
        words += [("--method", entry.method)] if entry.method is not None else []
        words += [("--seed", str(entry.seed))] if entry.seed is not None else []
        words.append(("--block", *layers))
        words += [("--in", *(f"{name}={path}" for name, path in inputs.items()))] if inputs else []
        words.append(("--out", out))
        words += [("--files", *files)] if files else []
        words.append(("--threads", "1"))
        return (*words, ("--gpu", "1")) if gpu else tuple(words)

    def _homes(self, name: str, listed: Sequence[str], axes: Axes) -> dict[str, list[str]]:
        """The layers by the file that holds them."""
        found: dict[str, list[str]] = {}
        for text in listed:
            # The first word of a layer's name says where it lies.
            files = {self._home(layer.partition(".")[0]) for (layer,) in readings([text], axes)}
            if len(files) > 1:
                raise self.source.wrong(name, "layers", f"{text} would lie in {' and in '.join(sorted(files))}")
            found.setdefault(files.pop(), []).append(text)
        return found

    def _caption(self, name: str, out: str, axes: Axes) -> str:
        """What Snakemake's report shows beneath: the file of the output's name, without the paper before it."""
        file = PurePosixPath(out).name.removeprefix(f"{self.source.paper}_")
        place = f"{self.source.folder}/captions/{file}.rst"
        for (one,) in readings([place], axes):
            if not (self.root / one).is_file():
                raise self.source.wrong(name, "out", f"expected its caption in {one}")
        return place
