"""Writes the code part of every stage's deps in dvc.yaml anew, from what the stage can import: `make deps`.

A folder stands for its files where at least half of them are imported: DVC reads, compares and writes every line of
deps for every stage, at every call. Files that only one choice of a matrix needs are written with that choice
(stages/papers/contrasfill/${item.method}).
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML

from stages import graph
from stages.runner.closure import closure
from tests.house.resolved import ROOT, arguments_of, modules_of, with_files

GRAPH = ROOT / "dvc.yaml"


def imported(stage: graph.Stage) -> set[str]:
    """All source files that one resolved stage can import."""
    verb, arguments = arguments_of(stage)
    return _closure((verb.__name__, "stages.runner.main", *modules_of(verb, arguments)))


@cache
def _closure(roots: tuple[str, ...]) -> set[str]:
    return {path.as_posix() for path in closure(roots, ROOT)}


@cache
def _inside(folder: Path) -> set[str] | None:
    """The code of a folder; None where it also holds other files, which DVC would follow."""
    files = [path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in (".pyc", ".md")]
    if any(path.suffix != ".py" for path in files):
        return None
    return {path.relative_to(ROOT).as_posix() for path in files}


def compressed(files: set[str]) -> list[str]:
    """Files and folders that say the same, or a little more: a folder stands for its files where half are imported."""
    found: set[str] = set()
    left = set(files)
    folders = {parent for file in files for parent in Path(file).parents if len(parent.parts) > 1}
    for folder in sorted(folders, key=lambda folder: (len(folder.parts), folder)):
        inside = _inside(folder) or set()
        if len(inside & left) > 1 and 2 * len(inside & left) >= len(inside):
            found.add(folder.as_posix())
            left -= inside
    return sorted(found | left)


def declared(stages: list[graph.Stage], axes: dict[str, list]) -> list[str]:
    """The code of a group of stages; choices of the matrix are put back into the paths that they make differ."""
    per_stage = [set(compressed(imported(stage))) for stage in stages]
    choices = [dict(zip(axes, stage.name.partition("@")[2].split("-"), strict=True)) for stage in stages if axes]
    always = set.intersection(*per_stage)
    lines = set(always)
    for values, files in zip(choices, per_stage, strict=True) if axes else ():
        lines |= {_templated(file, values, choices) for file in files - always}
    return sorted(lines)


def _templated(file: str, values: dict[str, str], choices: list[dict[str, str]]) -> str:
    """The path with a choice put back, if it then names something for every choice; else the path itself."""
    parts = file.split("/")
    for index in reversed(range(len(parts))):
        stem, dot, suffix = parts[index].partition(".")
        for axis, value in values.items():
            paths = ["/".join([*parts[:index], other[axis] + dot + suffix, *parts[index + 1 :]]) for other in choices]
            if stem == value and all((ROOT / path).exists() for path in paths):
                return "/".join([*parts[:index], f"${{item.{axis}}}{dot}{suffix}", *parts[index + 1 :]])
    return file


def rewritten(text: str) -> str:
    """The text of a dvc.yaml with the code lines of deps written anew and everything else as it is.

    The old code lines are not looked at: they may name files that have been moved.
    """
    with TemporaryDirectory() as folder:
        stages = with_files(
            Path(folder), {"dvc.yaml": "\n".join(line for line, is_code in _lines(text) if not is_code)}
        )
    code = {}
    for group, entry in YAML(typ="safe").load(text)["stages"].items():
        axes = {axis: list(values) for axis, values in (entry.get("matrix") or {}).items()}
        code[group] = declared([stage for stage in stages if stage.group == group], axes)
    written: list[str] = []
    group, in_deps = "", False
    for line, is_code in _lines(text):
        if line.startswith("  ") and line[2:3].isalpha() and line.endswith(":"):
            group = line.strip()[:-1]
        if in_deps and not line.startswith("      - "):
            written += [f"      - {file}" for file in code[group]]
            in_deps = False
        if line == "    deps:":
            in_deps = True
        if not is_code:
            written.append(line)
    return "\n".join(written) + "\n"


def _lines(text: str) -> Iterator[tuple[str, bool]]:
    """Each line, and whether it names code that a stage depends on."""
    in_deps = False
    for line in text.splitlines():
        in_deps = line == "    deps:" or (in_deps and line.startswith("      - "))
        yield line, in_deps and _is_code(line)


def _is_code(line: str) -> bool:
    dep = line.strip().removeprefix("- ")
    is_folder = "." not in dep.rsplit("/", 1)[-1].replace("${item.", "")
    return dep.startswith("stages/") and (dep.endswith(".py") or is_folder)


if __name__ == "__main__":
    GRAPH.write_text(rewritten(GRAPH.read_text(encoding="utf-8")), encoding="utf-8")
