"""One entry of a graph source into one group of dvc.yaml: command, dependencies, parameters, outputs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path, PurePosixPath
from typing import Any

from stages import homes
from stages.graph.inputs import References
from stages.graph.layers import Layers
from stages.graph.names import CHECKED, LOCK
from stages.graph.rules import closest
from stages.graph.source import Costs, Entry, Source
from stages.graph.template import Axes, readings
from stages.graph.verbs import VERBS

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
    """Turns the entries of one source into groups; with the costs that its verbs have anyway."""

    def __init__(self, source: Source, shared: Source, layers: Layers, root: Path) -> None:
        """Raises: ValueError for costs of no verb, or that a verb has anyway."""
        self.source, self.layers, self.root = source, layers, root
        self.refers = References(source, shared)
        self._costs = {verb: shared.document.costs.get(verb, Costs()).given() for verb in VERBS}
        for place in (shared, source):
            for verb in place.document.costs:
                if verb not in VERBS:
                    raise ValueError(f"{place.file}: costs: {verb} is no verb{closest(verb, VERBS)}")
        if source is not shared:
            for verb, costs in source.document.costs.items():
                self._costs[verb] = self._merged(f"costs: {verb}", self._costs[verb], costs)
        self._home = cache(partial(homes.home, root=root))

    def groups(self) -> Iterator[Group]:
        """All groups, in the order of the file. Raises: ValueError by file, stage and key."""
        for name, entry in self.source.document.stages.items():
            yield self._group(name, entry)
        self.refers.refuse_idle()

    def _group(self, name: str, entry: Entry) -> Group:
        axes = self.refers.matrix(name, entry)
        self._check_names(name, entry, axes)
        self.refers.check_artifact(name, entry, axes)
        inputs = self.refers.inputs(name, entry)
        if entry.some is not None and not any(given.startswith(entry.some) for given in inputs):
            raise self.source.wrong(name, "some", f"no input's name begins with {entry.some}")
        if strange := [given for given in entry.spare if given not in inputs]:
            raise self.source.wrong(name, "spare", f"{strange[0]} is no input{closest(strange[0], inputs)}")
        listed = self.layers.expand(self.source, name, entry, axes)
        out, files, outs = self._out(name, entry)
        if idle := [axis for axis in axes if f"${{item.{axis}}}" not in out]:
            raise self.source.wrong(
                name, "out", f"does not hold ${{item.{idle[0]}}}, so all of them would write one place"
            )
        costs = self._merged(f"stage {name}: costs", self._costs[entry.verb], entry.costs)
        words = self._words(entry, listed, inputs, out, files, bool(costs.get("gpu")))
        made = [path for path in inputs.values() if path.startswith("results/")]
        deps: dict[str, None] = dict.fromkeys([LOCK, *([] if made else [CHECKED]), *inputs.values()])
        kept = {key: value for key, value in costs.items() if value}
        meta: dict[str, Any] = {"threads": 1, **kept, **({"env": entry.env} if entry.env else {})}
        if entry.shape.files:
            meta |= {"final": True, "paper": self.source.paper}
            meta["caption"] = self._caption(name, out, axes)
        prefix = f"{self.source.paper}_" if self.source.paper else ""
        code_key = "-".join(word.replace(".", "/") if "$" not in word else word for word in self._key(entry))
        return Group(
            self.source.file, prefix + name, entry, axes, words, tuple(deps), self._homes(name, listed, axes), code_key,
            outs, meta,
        )  # fmt: skip

    def _key(self, entry: Entry) -> list[str]:
        own = [self.source.paper] if entry.shape.of_paper else []
        return [entry.verb, *own, entry.chosen, *([entry.method] if entry.method else [])]

    def _check_names(self, name: str, entry: Entry, axes: Axes) -> None:
        known = {"profile", *(f"item.{axis}" for axis in axes)}
        plain = {
            "desc": entry.desc, entry.verb: entry.chosen, "method": entry.method, "seed": entry.seed, "set": entry.set,
            "out": entry.out, "layers": entry.layers, "with": entry.between, "last": entry.last,
        }  # fmt: skip
        for key, held in plain.items():
            for text in held if isinstance(held, list) else [str(held)]:
                self.refers.check_text(name, key, text, known)

    def _out(self, name: str, entry: Entry) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """(--out, --files, all outputs)."""
        if not entry.shape.files:
            out = self.refers.path(name, "out", entry.out)
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
        words += [("--some", entry.some)] if entry.some is not None else []
        words += [("--spare", *entry.spare)] if entry.spare else []
        words.append(("--out", out))
        words += [("--files", *files)] if files else []
        words.append(("--threads", "1"))
        return (*words, ("--gpu", "1")) if gpu else tuple(words)

    def _homes(self, name: str, listed: Sequence[str], axes: Axes) -> dict[str, list[str]]:
        """The layers by the file that holds them."""
        found: dict[str, list[str]] = {}
        for text in listed:
            files = {self._home(layer) for (layer,) in readings([text], axes)}
            found.setdefault(files.pop() if len(files) == 1 else self._template(name, text, axes), []).append(text)
        return found

    def _template(self, name: str, text: str, axes: Axes) -> str:
        """The file of a layer that lies in another one at each point, as a template like the layer's name."""
        # A dot within a reference parts no words.
        for place in homes.templates(re.findall(r"(?:\$\{[^}]*\}|[^.])+", text)):
            if all(self._home(layer) == file for layer, file in readings([text, place], axes)):
                return place
        files = sorted({self._home(layer) for (layer,) in readings([text], axes)})
        raise self.source.wrong(name, "layers", f"{text} would lie in {' and in '.join(files)}")

    def _caption(self, name: str, out: str, axes: Axes) -> str:
        """What Snakemake's report shows beneath: the file of the output's name, without the paper before it."""
        file = PurePosixPath(out).name.removeprefix(f"{self.source.paper}_")
        place = f"{self.source.folder}/captions/{file}.rst"
        for (one,) in readings([place], axes):
            if not (self.root / one).is_file():
                raise self.source.wrong(name, "out", f"expected its caption in {one}")
        return place
