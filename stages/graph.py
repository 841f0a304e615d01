"""The resolved stages of dvc.yaml: the one adapter over DVC's own template resolver, pinned to dvc 3.67.1.

The Snakefile, `retrace` and the tests read the graph through this file; the runner never does.
It needs neither a DVC repository nor git, so it also works in an exported archive.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

RESOURCES = {"torch": "torch", "gpu": "gpu", "mem_mb": "mem_mb", "runtime_min": "runtime", "disk_mb": "disk_mb"}
META_TYPES = {"threads": int, **dict.fromkeys(RESOURCES, int), "env": str, "final": bool, "paper": str, "claim": str, "caption": str}
STAGE_KEYS = {"matrix", "desc", "cmd", "deps", "params", "outs", "meta"}
NOT_SOURCES = {"results", "data", ".work", ".snakemake", ".venv", ".git"}


@dataclass(frozen=True, eq=False)
class Stage:
    """One command of the graph, with every template filled in."""

    name: str  # DVC's address: train@contrasfill-face-0
    rule_name: str  # Snakemake's identifier: train_contrasfill_face_0
    cmd: str
    raw_deps: tuple[str, ...]  # as dvc.yaml lists them
    deps: tuple[str, ...]  # folders of code expanded into their .py files
    outs: tuple[str, ...]
    params: Mapping[str, Any]  # key of params.yaml -> its value, in the order of dvc.yaml
    meta: Mapping[str, Any]

    @property
    def group(self) -> str:
        return self.name.partition("@")[0]

    @property
    def resources(self) -> dict[str, int]:
        return {RESOURCES[key]: self.meta[key] for key in RESOURCES if key in self.meta}

    @property
    def final(self) -> bool:
        return self.meta.get("final", False)

    @property
    def folders(self) -> list[str]:
        return [out for out in self.outs if not PurePosixPath(out).suffix]

    @property
    def shown(self) -> list[str]:
        """Files that Snakemake's report shows under the stage's caption: all but the receipt."""
        return [out for out in self.outs if "caption" in self.meta and PurePosixPath(out).suffix not in ("", ".json")]

    @property
    def files(self) -> list[str]:
        return [out for out in self.outs if out not in self.folders and out not in self.shown]


def load(root: str | Path) -> tuple[Stage, ...]:
    """Resolve root/dvc.yaml against root/params.yaml into stages, in the order of the file.

    Raises: ValueError for anything that the two engines would read differently, naming the stage.
    """
    from dvc.exceptions import DvcException
    from dvc.fs import localfs
    from dvc.parsing import DataResolver, MatrixDefinition
    from dvc.utils.serialize import load_path

    class Folder:  # all that DataResolver reads of a dvc Repo
        fs = localfs
        config: Mapping[str, Any] = {}

    root = Path(root)
    try:
        document = load_path(str(root / "dvc.yaml"), localfs)
        values = load_path(str(root / "params.yaml"), localfs)
        for name, entry in document["stages"].items():
            _refuse(unknown=set(entry) - STAGE_KEYS, stage=name, known=STAGE_KEYS)
        resolver = DataResolver(Folder(), str(root), document)  # pyright: ignore[reportArgumentType]
        for name, definition in resolver.definitions.items():
            if isinstance(definition, MatrixDefinition):
                _check_matrix(name, definition.resolved_iterable)
        entries = {key: resolver.resolve_one(key)[key] for key in resolver.get_keys()}
    except DvcException as error:
        raise ValueError(f"dvc.yaml: {error}") from error
    made = {_path(out, name) for name, entry in entries.items() for out in entry.get("outs", [])}
    stages = tuple(_stage(name, entry, root, values, made) for name, entry in entries.items())
    _check_graph(stages)
    return stages


def producer(stages: Iterable[Stage]) -> dict[str, Stage]:
    """The stage that makes each output."""
    return {out: stage for stage in stages for out in stage.outs}


def find(stages: Sequence[Stage], targets: Iterable[str]) -> list[Stage]:
    """The stages that targets name: by stage, group, rule or output. ValueError names the closest one."""
    names: dict[str, dict[Stage, None]] = {}
    for stage in stages:
        for name in (stage.name, stage.group, stage.rule_name, *stage.outs):
            names.setdefault(name, {})[stage] = None
    found = set()
    for target in targets:
        if (key := str(PurePosixPath(target))) not in names:
            raise ValueError(f"no stage, group or output is called {target}{_closest(key, names)}")
        found.update(names[key])
    return [stage for stage in stages if stage in found]


def ancestors(stages: Sequence[Stage], targets: Iterable[str]) -> list[Stage]:
    """The stages that targets need, themselves included, in the order of dvc.yaml."""
    made, needed, waiting = producer(stages), set(), find(stages, targets)
    while waiting:
        stage = waiting.pop()
        if stage not in needed:
            needed.add(stage)
            waiting += [made[dep] for dep in stage.deps if dep in made]
    return [stage for stage in stages if stage in needed]


def supplies(stages: Sequence[Stage], planned: Iterable[str]) -> list[Stage]:
    """The preflight stages of the user data that planned stages read: those planned themselves, and those that stand
    before a planned stage with at most `render` between. A table that is made again needs no raw data."""
    made, found = producer(stages), set()
    waiting = [stage for stage in find(stages, planned) if not stage.final]
    while waiting:
        stage = waiting.pop()
        found.update([stage] if stage.group == "preflight" else [])
        waiting += [made[dep] for dep in stage.deps if dep in made and made[dep].group in ("preflight", "render")]
    return [stage for stage in stages if stage in found]


def _stage(name: str, entry: Mapping[str, Any], root: Path, values: Any, made: set[str]) -> Stage:
    cmd, meta, outs = entry.get("cmd"), entry.get("meta") or {}, [_path(out, name) for out in entry.get("outs", [])]
    if not isinstance(cmd, str) or not cmd.startswith("exec ") or re.search(r"[\n;|&<>`${}]", cmd):
        raise ValueError(f"dvc.yaml: stage {name}: cmd must be one plain program call that starts with 'exec ', without "
                         f"any of ; | & < > ` $ {{ }}, so that every shell and engine reads it alike; it is {cmd!r}")
    _refuse(unknown=set(meta) - set(META_TYPES), stage=f"{name}: meta", known=META_TYPES)
    for key, value in meta.items():
        if type(value) is not META_TYPES[key]:
            raise ValueError(f"dvc.yaml: stage {name}: meta.{key} must be of type {META_TYPES[key].__name__}, is {value!r}")
    for out in outs:
        if not out.startswith("results/") or "//" in out or ".." in PurePosixPath(out).parts or out.endswith("/"):
            raise ValueError(f"dvc.yaml: stage {name}: output {out} must be a plain path under results/")
    raw = entry.get("deps", [])
    deps = dict.fromkeys(file for dep in raw for file in ([dep] if dep in made else _sources(root, dep, name)))
    params = {key: _value(values, key, name) for key in entry.get("params", [])}
    return Stage(name, re.sub(r"\W", "_", name), cmd, tuple(raw), tuple(deps), tuple(outs), params, meta)


def _path(out: str | Mapping[str, Any], name: str) -> str:
    if isinstance(out, str):
        return out
    (path, flags), = out.items()
    _refuse(unknown=set(flags) - {"cache", "desc"}, stage=f"{name}: output {path}", known={"cache", "desc"})
    return path


def _sources(root: Path, dep: str, name: str) -> list[str]:
    """A file as it is; a folder as the .py files in it. Folders hold nothing else that DVC would hash."""
    path = root / dep
    if PurePosixPath(dep).parts[0] in NOT_SOURCES or not path.exists():
        raise ValueError(f"dvc.yaml: stage {name}: dependency {dep} is neither an output of a stage nor a source file")
    if path.is_file():
        return [dep]
    files = sorted(file for file in path.rglob("*") if file.is_file() and file.suffix not in (".pyc", ".md"))
    if other := [file for file in files if file.suffix != ".py"]:
        raise ValueError(f"dvc.yaml: stage {name}: folder {dep} holds {other[0].name}; DVC would follow it and Snakemake "
                         f"would not, so list the files one by one")
    return [file.relative_to(root).as_posix() for file in files]


def _value(values: Any, key: str, name: str) -> Any:
    for part in key.split("."):
        if not isinstance(values, Mapping) or part not in values:
            hint = _closest(part, values if isinstance(values, Mapping) else ())
            raise ValueError(f"dvc.yaml: stage {name}: params.yaml has no {key}: {part} is missing{hint}")
        values = values[part]
    return _sorted(values)


def _sorted(value: Any) -> Any:
    """Dictionaries by key: the order of lines in params.yaml makes nothing stale, as in DVC."""
    if isinstance(value, Mapping):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _closest(key: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, list(names), n=1)
    return f"; the closest is {close[0]}" if close else ""


def _refuse(unknown: set[str], stage: str, known: Iterable[str]) -> None:
    if unknown:
        raise ValueError(f"dvc.yaml: stage {stage}: {sorted(unknown)} not known here; known are {sorted(known)}")


def _check_matrix(name: str, axes: Mapping[str, Any]) -> None:
    for axis, points in axes.items():
        for point in points:
            if not re.fullmatch(r"\w+", str(getattr(point, "value", point))):
                raise ValueError(f"dvc.yaml: stage {name}: matrix.{axis} holds {point}, but stages are named after it: "
                                 f"use letters, digits and _ only")


def _check_graph(stages: Sequence[Stage]) -> None:
    made, rules = {}, {"all": "the rule of all final stages"}
    for stage in stages:
        if rules.setdefault(stage.rule_name, stage.name) != stage.name:
            raise ValueError(f"dvc.yaml: {stage.name} and {rules[stage.rule_name]} become one rule {stage.rule_name}")
        for out in stage.outs:
            if out in made:
                raise ValueError(f"dvc.yaml: {out} is an output of {stage.name} and of {made[out].name}")
            made[out] = stage
    for out in made:
        if inside := [str(parent) for parent in PurePosixPath(out).parents if str(parent) in made]:
            raise ValueError(f"dvc.yaml: output {out} of {made[out].name} lies inside output {inside[0]}")
    try:
        TopologicalSorter({s.name: {made[dep].name for dep in s.deps if dep in made} for s in stages}).prepare()
    except CycleError as error:
        raise ValueError(f"dvc.yaml: stages in a circle: {' -> '.join(error.args[1])}") from error
