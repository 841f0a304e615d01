"""Writes the code part of every stage's deps in dvc.yaml anew, from what the stage can import: `make deps`.

A folder stands for its files where all of them are imported; files that only one choice of a matrix needs are written with
that choice (stages/papers/contrasfill/${item.method}).
"""

import sys
from pathlib import Path

from stages import graph
from stages.runner.closure import closure
from tests.house.test_params import ROOT, arguments_of, modules_of


def imported(stage: graph.Stage) -> set[str]:
    """All source files that one resolved stage can import."""
    verb, arguments = arguments_of(stage)
    roots = (verb.__name__, "stages.runner.main", *modules_of(verb, arguments))
    return {path.as_posix() for path in closure(roots, ROOT)}


def compressed(files: set[str]) -> list[str]:
    """Files and whole folders that say the same."""
    found: set[str] = set()
    for file in sorted(files):
        covering = file
        for parent in reversed(Path(file).parents):
            inside = {path.relative_to(ROOT).as_posix() for path in (ROOT / parent).rglob("*.py")}
            if parent.parts[:1] == ("stages",) and len(parent.parts) > 1 and inside <= files and _only_code(parent):
                covering = parent.as_posix()
                break
        found.add(covering)
    return sorted(found)


def _only_code(folder: Path) -> bool:
    others = (path for path in (ROOT / folder).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc", ".md"))
    return not any(others)


def declared(stages: list[graph.Stage], axes: dict[str, list]) -> list[str]:
    """The code of a group of stages; choices of the matrix are put back into the paths that they make differ."""
    per_stage = [set(compressed(imported(stage))) for stage in stages]
    always = set.intersection(*per_stage)
    lines = set(always)
    for stage, files in zip(stages, per_stage, strict=True):
        values = dict(zip(axes, stage.name.partition("@")[2].split("-"), strict=True)) if axes else {}
        for file in files - always:
            lines.add(_templated(file, values, per_stage, file in always))
    return sorted(lines)


def _templated(file: str, values: dict[str, str], per_stage: list[set[str]], shared: bool) -> str:
    for axis, value in values.items():
        parts = file.split("/")
        for index, part in enumerate(parts):
            stem, dot, suffix = part.partition(".")
            if stem == value and not shared:
                parts[index] = f"${{item.{axis}}}{dot}{suffix}"
                return "/".join(parts)
    return file


def main() -> None:
    """Rewrites dvc.yaml in place, keeping everything but the code lines of deps."""
    path = ROOT / "dvc.yaml"
    text = path.read_text(encoding="utf-8").splitlines()
    stages = graph.load(ROOT)
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(path)
    code = {}
    for group, entry in document["stages"].items():
        axes = {axis: list(values) for axis, values in (entry.get("matrix") or {}).items()}
        code[group] = declared([stage for stage in stages if stage.group == group], axes)
    written: list[str] = []
    group, in_deps = "", False
    for line in text:
        if line.startswith("  ") and line[2:3].isalpha() and line.endswith(":"):
            group = line.strip()[:-1]
        if in_deps and not line.startswith("      - "):
            written += [f"      - {file}" for file in code[group]]
            in_deps = False
        if line == "    deps:":
            in_deps = True
        if not (in_deps and _is_code(line)):
            written.append(line)
    path.write_text("\n".join(written) + "\n", encoding="utf-8")


def _is_code(line: str) -> bool:
    dep = line.strip().removeprefix("- ")
    return dep.startswith("stages/") and (dep.endswith(".py") or "." not in dep.rsplit("/", 1)[-1].replace("${item.", ""))


if __name__ == "__main__":
    sys.exit(main())
