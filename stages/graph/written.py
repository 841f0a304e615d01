"""dvc.yaml and stages/code.json as their sources have them: written by `make graph`, compared before any job."""

import json
import os
import re
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

from stages.graph.group import Group, Shaping
from stages.graph.layers import Layers
from stages.graph.names import CHECKED, CODE, GRAPH, GUARD, LINK
from stages.graph.rules import check_graph, check_matrix
from stages.graph.source import SHARED, sources
from stages.graph.template import fill, points
from stages.graph.text import graph_text
from stages.runner import params, receipt
from stages.runner.code import Code
from stages.runner.exits import StageFailure
from stages.runner.plan import modules_of, roots

REMEDY = "run `make graph`"
SHOWN = 90
NAMED = 3


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
            verb, choices = group.entry.verb, {name: fill(text, values) for name, text in group.choices.items()}
            try:
                found[key] = code.digest(code.closure(roots(verb, modules_of(verb, choices))))
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
    for name, text, tell in ((GRAPH, graph_text(made), _line), (CODE, code_text(root, made), _keys)):
        if (found := _read(root / name)) != text:
            raise ValueError(f"{name}: {tell(found, text) if found is not None else 'there is none'}; {REMEDY}")
    if not _linked(root):
        raise ValueError(f"{LINK} is no link to {GRAPH}, through which DVC follows it; {REMEDY}")


def note_checked(root: Path) -> None:
    """What the other stages wait for: the same bytes always, so that they never run again for it."""
    # In place of what lies there, which may be a link into DVC's cache, and never through it.
    receipt.write(root / CHECKED, b'{"dvc.yaml": "as its sources say", "stages/code.json": "as its sources say"}\n')


def _line(found: str, wanted: str) -> str:
    """The first line of dvc.yaml that is not what its sources give."""
    pairs = enumerate(zip_longest(found.splitlines(), wanted.splitlines(), fillvalue=""), 1)
    line, old, new = next(((line, *pair) for line, pair in pairs if pair[0] != pair[1]), (0, "", "an end of line"))
    told = f"line {line} is {old.strip()[:SHOWN]!r}, expected {new.strip()[:SHOWN]!r}"
    return f"not what {SHARED}, the papers' graph.yaml and the parameters give: {told}"


def _keys(found: str, wanted: str) -> str:
    """Whose code is not what code.json says."""
    try:
        old, new = json.loads(found), json.loads(wanted)
        keys = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    except (ValueError, AttributeError):
        return "this is no list of digests"
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return f"the code of {', '.join(keys[:NAMED])}{more} is another one" if keys else "its lines are in another order"


def _linked(root: Path) -> bool:
    return (root / LINK).is_symlink() and (root / LINK).resolve() == (root / GRAPH).resolve()


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
