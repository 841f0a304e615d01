"""The resolved stages of dvc.yaml: the one adapter over DVC's own template resolver, pinned to dvc 3.67.1.

The Snakefile, `retrace` and the tests read the graph through this file; the runner never does.
It needs neither a DVC repository nor git, so it also works in an exported archive.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from stages.graph import rules
from stages.graph.names import CHECKED, CODE, GUARD
from stages.graph.parameters import Parameters


@dataclass(frozen=True, eq=False)
class Stage:
    """One command of the graph, with every template filled in."""

    name: str  # DVC's address: train@contrasfill-face-0
    rule_name: str  # Snakemake's identifier: train_contrasfill_face_0
    desc: str
    cmd: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    params: Mapping[str, Any]  # dotted key -> its value, in the order of the command
    homes: Mapping[str, str]  # dotted key -> the file that holds it
    code_key: str  # what stages/code.json calls the stage's code
    code: str  # its digest there
    meta: Mapping[str, Any]

    @property
    def group(self) -> str:
        return self.name.partition("@")[0]

    @property
    def threads(self) -> int:
        return self.meta.get("threads", 1)

    @property
    def resources(self) -> dict[str, int]:
        return {theirs: self.meta[ours] for ours, theirs in rules.RESOURCES.items() if ours in self.meta}

    @property
    def env(self) -> str:
        return self.meta.get("env", "core")

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
    def report(self) -> dict[str, str]:
        """How Snakemake's report files these: the path of an .rst caption, and the paper as category."""
        return {"caption": self.meta["caption"], "category": self.meta["paper"]}

    @property
    def files(self) -> list[str]:
        return [out for out in self.outs if out not in self.folders and out not in self.shown]


class Unreadable(ValueError):
    """The files of the graph do not give one."""


def load(root: str | Path) -> tuple[Stage, ...]:
    """Resolve root/dvc.yaml against the parameters into stages, in the order of the file.

    Raises: Unreadable for anything that the two engines would read differently, naming the stage, and for files that
    are none or not what they must be.
    """
    try:
        return _load(Path(root))
    except ValueError as error:
        raise Unreadable(str(error)) from error


def _load(root: Path) -> tuple[Stage, ...]:
    from dvc.exceptions import DvcException
    from dvc.fs import localfs
    from dvc.parsing import DataResolver, MatrixDefinition, interpolate
    from dvc.utils.serialize import load_path

    # DVC parses each ${...} anew wherever it stands, by a grammar in Python: for 900 stages that takes longer than all
    # else here. What it makes of an expression depends on the expression alone.
    if not hasattr(interpolate.parse_expr, "cache_info"):
        interpolate.parse_expr = cache(interpolate.parse_expr)

    class Folder:
        """All that DataResolver reads of a DVC repository."""

        fs = localfs
        config: Mapping[str, Any] = {}

    try:
        rules.refuse_no_files(root)
        document = load_path(str(root / "dvc.yaml"), localfs)
        rules.check_document(document)
        values = Parameters(root)
        resolver = DataResolver(Folder(), str(root), document)  # pyright: ignore[reportArgumentType]
        for name, definition in resolver.definitions.items():
            if isinstance(definition, MatrixDefinition):
                rules.check_matrix(name, definition.resolved_iterable)
        entries = {key: resolver.resolve_one(key)[key] for key in resolver.get_keys()}
    except DvcException as error:
        raise ValueError(f"dvc.yaml: {error}") from error
    except RecursionError:
        raise ValueError("dvc.yaml or stages/code.json is nested too deeply; run `make graph`") from None
    # Snakemake checks the generated files as it loads, so the stage that does it for DVC is none of its rules.
    entries.pop(GUARD, None)
    made = {_path(name, out) for name, entry in entries.items() for out in entry.get("outs", [])}
    stages = tuple(_stage(root, name, entry, values, made) for name, entry in entries.items())
    rules.check_graph({stage.name: (stage.rule_name, stage.deps, stage.outs) for stage in stages})
    return stages


def producer(stages: Iterable[Stage]) -> dict[str, Stage]:
    """The stage that makes each output."""
    return {out: stage for stage in stages for out in stage.outs}


def find(stages: Sequence[Stage], targets: Iterable[str]) -> list[Stage]:
    """The stages that targets name: by stage, group, rule or output. ValueError names the closest one."""
    names: dict[str, set[Stage]] = {}
    for stage in stages:
        for name in (stage.name, stage.group, stage.rule_name, *stage.outs):
            names.setdefault(name, set()).add(stage)
    found: set[Stage] = set()
    for target in targets:
        if (key := str(PurePosixPath(target))) not in names:
            raise ValueError(f"no stage, group or output is called {target}{rules.closest(key, names)}")
        found |= names[key]
    return [stage for stage in stages if stage in found]


def ancestors(stages: Sequence[Stage], targets: Iterable[str]) -> list[Stage]:
    """The stages that targets need, themselves included, in the order of dvc.yaml."""
    made, waiting = producer(stages), find(stages, targets)
    needed: set[Stage] = set()
    while waiting:
        stage = waiting.pop()
        if stage not in needed:
            needed.add(stage)
            waiting += [made[dep] for dep in stage.deps if dep in made]
    return [stage for stage in stages if stage in needed]


def supplies(stages: Sequence[Stage], planned: Iterable[str]) -> list[Stage]:
    """The preflight stages of the user data that planned stages read: those planned themselves, and those that stand
    before a planned stage with at most `render` between. A final table that is made again needs no raw data."""
    made, waiting = producer(stages), [stage for stage in find(stages, planned) if not stage.final]
    found: set[Stage] = set()
    while waiting:
        stage = waiting.pop()
        found |= {stage} if stage.group.startswith("preflight") else set()
        waiting += [made[d] for d in stage.deps if d in made and made[d].group.startswith(("preflight", "render"))]
    return [stage for stage in stages if stage in found]


def _stage(root: Path, name: str, entry: Mapping[str, Any], values: Parameters, made: set[str]) -> Stage:
    meta, outs = entry.get("meta") or {}, tuple(_path(name, out) for out in entry.get("outs", []))
    deps = tuple(dep for dep in entry.get("deps", []) if dep != CHECKED)
    rules.check_command(name, entry.get("cmd"))
    rules.check_meta(name, meta)
    for out in outs:
        rules.check_output(name, out)
    for dep in deps:
        if dep not in made and (PurePosixPath(dep).parts[0] in rules.NOT_SOURCES or not (root / dep).is_file()):
            raise ValueError(
                f"dvc.yaml: stage {name}: dependency {dep} is neither an output of a stage nor a source file"
            )
    params, places = values.of(name, entry.get("params", []), entry["cmd"])
    keys = [key for key, file in places.items() if file == CODE]
    if len(keys) > 1:
        raise ValueError(f"dvc.yaml: stage {name}: expected one key of {CODE} among its params, found {keys}")
    key = keys[0] if keys else ""
    code = params.pop(key, "")
    places.pop(key, None)
    rule = re.sub(r"\W", "_", name)
    return Stage(name, rule, entry.get("desc", ""), entry["cmd"], deps, outs, params, places, key, code, meta)


def _path(name: str, out: str | Mapping[str, Any]) -> str:
    if isinstance(out, str):
        return out
    ((path, flags),) = out.items()
    rules.refuse_unknown(f"stage {name}: output {path}", flags, rules.OUT_FLAGS)
    return path
