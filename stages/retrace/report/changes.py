"""What changed since another report or a git revision: numbers in one table, pictures side by side."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.retrace.evidence import table
from stages.retrace.record.earlier import Earlier
from stages.retrace.report import names
from stages.retrace.report.gathered import Result
from stages.retrace.report.names import Link
from stages.retrace.report.results import PICTURE, Made
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site
from stages.retrace.trace import cell

PLACE = "changes.html"


@dataclass(frozen=True)
class Number:
    """A number of ours that is another one now; empty where there was or is none."""

    link: Link
    name: str
    then: str
    now: str
    printed: str


@dataclass(frozen=True)
class Picture:
    """A picture then and now, by their places in the report."""

    link: Link
    then: str
    now: str
    alt: str


@dataclass(frozen=True)
class Changes:
    """What the page of changes shows, for a terminal or a program; `since` says in words what it is compared with."""

    since: str
    numbers: Sequence[Number]
    pictures: Sequence[Picture]
    others: Sequence[Link]
    new: Sequence[Link]
    gone: Sequence[Result]

    def as_dict(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "numbers": [{"result": one.link.text, "number": one.name, "then": one.then, "now": one.now,
                         "printed": one.printed} for one in self.numbers],
            "pictures": [one.link.text for one in self.pictures],
            "others": [one.text for one in self.others],
            "new": [one.text for one in self.new],
            "gone": [one.first for one in self.gone],
        }  # fmt: skip


def write(earlier: Earlier, made: Sequence[Made], shown: Shown, site: Site) -> Changes:
    """The page of changes, and what stands on it; `earlier` has the files of then."""
    built = [one for one in made if one.result.node]
    numbers, pictures, others = [], [], []
    for one in built:
        for path, now in _files(one, shown):
            then = earlier.file(path)
            if then is None or then == now:
                continue
            if path.endswith(PICTURE):
                pictures.append(Picture(_link(one.result), _keep(then, site), names.file(path), one.alt))
            elif path.endswith(".csv") and (changed := list(_numbers(one.result, path, then, now))):
                numbers += changed
            else:
                others.append(Link(path, names.file(path)))
    new = [_link(one.result) for one in built if not any(earlier.knows(path) for path, _ in _files(one, shown))]
    gone = [one.result for one in made if not one.result.node and earlier.knows(one.result.first)]
    changes = Changes(earlier.name, numbers, pictures, others, new, gone)
    site.page(PLACE, "changes.html", changes=changes)
    return changes


def _files(one: Made, shown: Shown) -> Iterable[tuple[str, bytes]]:
    """The sound files of a result by their paths."""
    if (node := one.result.node) is not None:
        for name in sorted(node.content["outputs"]):
            if (content := shown.content(node, name)) is not None:
                yield (node.folder / name).as_posix(), content


def _link(result: Result) -> Link:
    return Link(result.name, result.page)


def _keep(content: bytes, site: Site) -> str:
    place = f"earlier/{hashlib.sha256(content).hexdigest()[: names.SHORT]}{PICTURE}"
    site.files[place] = content
    return place


def _numbers(result: Result, path: str, then: bytes, now: bytes) -> Iterable[Number]:
    """The rows of two versions of a table whose number or spread differs, in today's order, then those that went."""
    old, new = _rows(then, path), _rows(now, path)
    for name in [*new, *(name for name in old if name not in new)]:
        before, after = _said(old.get(name, {})), _said(new.get(name, {}))
        if before != after:
            yield Number(_link(result), name, before, after, (new.get(name) or old[name]).get("printed", ""))


def _rows(content: bytes, path: str) -> dict[str, Mapping[str, str]]:
    """Rows with a number of ours, by what says which number it is."""
    held = table.rows_of(content, Path(path))
    return {" ".join(cell.names(row).values()): row for row in held if "ours" in row or "value" in row}


def _said(row: Mapping[str, str]) -> str:
    spread = f" ± {row['spread']}" if row.get("spread") else ""
    return f"{row.get('ours', row.get('value', ''))}{spread}"
