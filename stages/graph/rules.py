"""What dvc.yaml may hold so that DVC and Snakemake read it alike: checked as it is written and as it is loaded."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path, PurePosixPath
from typing import Any

from stages import homes
from stages.graph.names import CODE

RESOURCES = {"torch": "torch", "gpu": "gpu", "mem_mb": "mem_mb", "runtime_min": "runtime", "disk_mb": "disk_mb"}
META_TYPES = {"threads": int, **dict.fromkeys(RESOURCES, int), "final": bool}
META_TYPES |= dict.fromkeys(("env", "paper", "caption"), str)
STAGE_KEYS = {"matrix", "desc", "cmd", "deps", "params", "outs", "meta"}
OUT_FLAGS = {"cache", "desc"}
NOT_SOURCES = {"results", "data", ".work", ".snakemake", ".venv", ".git"}
COMMAND = re.compile(r"exec python -m stages\.[a-z_]+(?: [A-Za-z0-9_@%+=:,./-]+)*")


def closest(key: str, names: Iterable[str]) -> str:
    """A hint for a message, empty where nothing is near."""
    known = list(names)
    close = [name for name in known if key and key in (PurePosixPath(name).name, PurePosixPath(name).stem)]
    close = close or difflib.get_close_matches(key, known, n=1)
    return f"; the closest is {close[0]}" if close else ""


def refuse_unknown(where: str, keys: Iterable[str], known: Iterable[str]) -> None:
    """Raises: ValueError naming the closest known key."""
    for key in keys:
        if key not in known:
            raise ValueError(f"dvc.yaml: {where}: {key} is not known here{closest(key, known)}; known: {sorted(known)}")


def refuse_no_files(root: Path) -> None:
    """Raises: ValueError for a file of the graph or of parameters in whose place a folder, pipe or dead link lies."""
    for name in ("dvc.yaml", CODE, *homes.files(root)):
        if os.path.lexists(root / name) and not (root / name).is_file():
            raise ValueError(f"{name}: expected a file, found a folder, a pipe or a link that leads nowhere")


def check_document(document: Any) -> None:
    """Raises: ValueError for what is no dvc.yaml."""
    from dvc.schema import COMPILED_MULTI_STAGE_SCHEMA
    from voluptuous import Invalid

    stages = document.get("stages") if isinstance(document, Mapping) else None
    if not isinstance(stages, Mapping) or not all(isinstance(entry, Mapping) for entry in stages.values()):
        raise ValueError("dvc.yaml: expected `stages:` and below it a mapping for each; run `make graph`")
    for name, entry in stages.items():
        refuse_unknown(f"stage {name}", entry, STAGE_KEYS)
        if not isinstance(entry.get("meta") or {}, Mapping):
            raise ValueError(f"dvc.yaml: stage {name}: meta is no mapping; run `make graph`")
    try:
        COMPILED_MULTI_STAGE_SCHEMA(document)
    except Invalid as error:
        raise ValueError(f"dvc.yaml: {error}; run `make graph`") from None


def check_matrix(name: str, axes: Mapping[str, Any]) -> None:
    """DVC joins the values with - and @ into a name and calls lists and dicts by their position."""
    for axis, points in axes.items():
        for point in points:
            if not re.fullmatch(r"[A-Za-z0-9_]+", str(getattr(point, "value", point))):
                raise ValueError(
                    f"dvc.yaml: stage {name}: matrix.{axis} holds {point}, but stages are named after it: "
                    "use letters, digits and _ only"
                )


def check_command(name: str, cmd: Any) -> None:
    """A call of one verb that replaces its shell: it means the same under both engines and dies with them.

    What stands before `-m`, or a word that a shell would read as more than itself, is in no receipt.
    """
    if not isinstance(cmd, str) or not COMMAND.fullmatch(cmd):
        raise ValueError(
            f"dvc.yaml: stage {name}: cmd must be one plain call, 'exec python -m stages.<verb>' and plain words; "
            f"it is {cmd!r}"
        )


def check_meta(name: str, meta: Mapping[str, Any]) -> None:
    refuse_unknown(f"stage {name}: meta", meta, META_TYPES)
    for key, value in meta.items():
        if type(value) is not META_TYPES[key]:
            raise ValueError(f"dvc.yaml: stage {name}: meta.{key} must be {META_TYPES[key].__name__}, is {value!r}")
    if "caption" in meta and "paper" not in meta:
        raise ValueError(f"dvc.yaml: stage {name}: meta.caption needs meta.paper, its category in the report")


def check_output(name: str, out: str) -> None:
    """Engines delete the outputs of a failing stage, so outputs stay under results/."""
    if not out.startswith("results/") or str(PurePosixPath(out)) != out or ".." in PurePosixPath(out).parts:
        raise ValueError(f"dvc.yaml: stage {name}: output {out} must be a plain path under results/")


def check_graph(links: Mapping[str, tuple[str, Iterable[str], Iterable[str]]]) -> None:
    """links: stage name -> (rule name, dependencies, outputs)."""
    made: dict[str, str] = {}
    rules = {"all": "the rule of all final stages"}
    for name, (rule, _, outs) in links.items():
        if rules.setdefault(rule, name) != name:
            raise ValueError(f"dvc.yaml: stages {rules[rule]} and {name} would become one rule, {rule}")
        for out in outs:
            if out in made:
                raise ValueError(f"dvc.yaml: {out} is an output of {made[out]} and of {name}")
            made[out] = name
    for out, name in made.items():
        if inside := [str(parent) for parent in PurePosixPath(out).parents if str(parent) in made]:
            raise ValueError(f"dvc.yaml: output {out} of {name} lies inside output {inside[0]} of {made[inside[0]]}")
    try:
        TopologicalSorter(
            {name: [made[d] for d in deps if d in made] for name, (_, deps, _) in links.items()}
        ).prepare()
    except CycleError as error:
        raise ValueError(f"dvc.yaml: stages in a circle: {' -> '.join(error.args[1])}") from error
