"""dvc.yaml and stages/code.json as their sources have them: written by `make graph`, compared before any job."""

import json
import os
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap
from typing import Any

from stages.graph.group import Group, Shaping
from stages.graph.layers import Layers
from stages.graph.names import CHECKED, CODE, GRAPH, GUARD, LINK
from stages.graph.rules import check_graph, check_matrix
from stages.graph.source import SHARED, sources
from stages.graph.template import fill, points
from stages.homes import SHARED as PARAMS
from stages.runner import params
from stages.runner.code import Code
from stages.runner.exits import StageFailure
from stages.runner.plan import roots_of

REMEDY = "run `make graph`"
HEAD = f"""\
# Written by `make graph` from stages/graph.yaml and stages/papers/*/graph.yaml; edits here are refused.
# Every command is one plain program call: `exec` makes the stage, not a shell, the engine's child.
stages:

  {GUARD}:
    desc: this file and {CODE} are what their sources say
    cmd: exec python -m stages.graph --check
    deps: [{PARAMS}, stages]
    outs: [{CHECKED}]
"""
WIDTH = 120


def groups(root: Path) -> list[Group]:
    """All groups of all sources.

    Raises: ValueError naming file, stage and key.
    """
    found = sources(root)
    try:
        layers = Layers(params.load(root))
    except StageFailure as failure:
        raise ValueError(str(failure)) from None
    made = [group for source in found for group in Shaping(source, found[0], layers, root).groups()]
    _check(root, made)
    return made


def _check(root: Path, made: Sequence[Group]) -> None:
    """What only all groups together show: names, outputs, circles, and inputs that nothing makes.

    Raises: ValueError naming file and stage.
    """
    links: dict[str, tuple[str, list[str], list[str]]] = {}
    names = {GUARD: "what DVC alone has"}
    for group in made:
        where = f"{group.file}: stage {group.name}"
        if names.setdefault(group.name, where) != where:
            raise ValueError(f"{where}: two stages have this name, the other is {names[group.name]}")
        check_matrix(f"{group.name} in {group.file}", group.axes)
        listed = list(points(group.axes))
        if not listed or any(listed.count(point) > 1 for point in listed):
            raise ValueError(f"{where}: matrix: an axis has no point, or one twice")
        for point in listed:
            values = {f"item.{axis}": value for axis, value in point.items()}
            address = "@".join([group.name, *(["-".join(map(str, point.values()))] if point else [])])
            deps, outs = ([fill(text, values) for text in held] for held in (group.deps, group.outs))
            links[f"{address} in {group.file}"] = re.sub(r"\W", "_", address), deps, outs
    check_graph(links)
    known = {CHECKED, *(out for _, _, outs in links.values() for out in outs)}
    for address, (_, deps, _) in links.items():
        for dep in deps:
            if dep not in known and not (root / dep).is_file():
                raise ValueError(f"stage {address}: in: {dep} is neither made by a stage nor a file")


def graph_text(made: Sequence[Group]) -> str:
    """dvc.yaml."""
    return HEAD + "".join(f"\n{_entry(group)}" for group in made)


def code_text(root: Path, made: Sequence[Group]) -> str:
    """code.json: for every choice of modules the one value of the code behind it, a line each.

    Raises: ValueError for a choice that names no module.
    """
    code, found = Code(root), {}
    for group in made:
        for point in points(group.axes):
            values = {f"item.{axis}": value for axis, value in point.items()}
            key = fill(group.code_key, values)
            if key in found:
                continue
            choices = {name: fill(text, values) for name, text in group.choices.items()}
            try:
                found[key] = code.digest(code.closure(roots_of(group.entry.verb, choices)))
            except (FileNotFoundError, ValueError) as error:
                raise ValueError(f"{group.file}: stage {group.name}: {group.entry.verb}: {error}") from None
    return json.dumps(dict(sorted(found.items())), indent=0) + "\n"


def write(root: Path) -> list[str]:
    """Writes what differs from its sources; gives the names of the files written."""
    made = groups(root)
    texts = {GRAPH: graph_text(made), CODE: code_text(root, made)}
    changed = [name for name, text in texts.items() if _read(root / name) != text]
    for name in changed:
        (root / name).write_text(texts[name], encoding="utf-8")
    if not _linked(root):
        (root / LINK).unlink(missing_ok=True)
        (root / LINK).symlink_to(os.path.relpath(GRAPH, Path(LINK).parent))
        changed.append(LINK)
    return changed


def refuse_stale(root: str | Path) -> None:
    """Raises: ValueError with the words "make graph" where a generated file is not what its sources say."""
    root = Path(root)
    made = groups(root)
    for name, text in ((GRAPH, graph_text(made)), (CODE, code_text(root, made))):
        if (found := _read(root / name)) != text:
            raise ValueError(f"{name} is not what {_cause(name)} say: {_difference(found, text)}; {REMEDY}")
    if not _linked(root):
        raise ValueError(f"{LINK} is no link to {GRAPH}, through which DVC follows it; {REMEDY}")


def _cause(name: str) -> str:
    return f"{SHARED}, the papers' graph.yaml and the parameters" if name == GRAPH else "the sources under stages/"


def _difference(found: str | None, wanted: str) -> str:
    """The first line that differs, or for the code the choices whose digest does."""
    if found is None:
        return "there is none"
    pairs = enumerate(zip_longest(found.splitlines(), wanted.splitlines()), 1)
    line, (old, new) = next((pair for pair in pairs if pair[1][0] != pair[1][1]), (0, ("", "")))
    return f"line {line} is {(old or '').strip()[:90]!r}, expected {(new or '').strip()[:90]!r}"


def _linked(root: Path) -> bool:
    return (root / LINK).is_symlink() and (root / LINK).resolve() == (root / GRAPH).resolve()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def _entry(group: Group) -> str:
    return "\n".join(_lines(group)) + "\n"


def _lines(group: Group) -> Iterator[str]:
    yield f"  {group.name}:"
    yield f"    desc: {_scalar(group.entry.desc)}"
    if group.axes:
        axes = ", ".join(f"{axis}: [{', '.join(map(str, values))}]" for axis, values in group.axes.items())
        yield f"    matrix: {{{axes}}}"
    yield "    cmd: >-"
    for words in group.words:
        yield from wrap(" ".join(words), WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6,
                        break_long_words=False, break_on_hyphens=False)  # fmt: skip
    yield "    deps:"
    yield from (f"      - {dep}" for dep in group.deps)
    yield "    params:"
    for file, names in group.layers.items():
        indent = "      - " if file == PARAMS else "          - "
        if file != PARAMS:
            yield f"      - {file}:"
        yield from (f"{indent}{name}" for name in names)
    yield f'      - {CODE}: ["{group.code_key}"]'
    yield "    outs:"
    yield from (f"      - {out}{': {cache: false}' if group.entry.shape.files else ''}" for out in group.outs)
    yield f"    meta: {{{', '.join(f'{key}: {_plain(value)}' for key, value in group.meta.items())}}}"


def _scalar(text: str) -> str:
    """Plain where YAML reads it back as it is; quoted where a sign means something to YAML."""
    plain = re.fullmatch(r"[A-Za-z][^#&*!|>%@`\"'{}\[\]]*", text) and not re.search(r":(\s|$)", text)
    return text if plain else json.dumps(text, ensure_ascii=False)


def _plain(value: Any) -> str:
    """Within a mapping in one line, where a comma or a brace means something too."""
    if isinstance(value, str):
        return value if re.fullmatch(r"[A-Za-z][\w./-]*", value) else json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)
