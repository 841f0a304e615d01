"""A page for each table and figure: what it shows, our numbers beside the printed ones, and how it was made."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stages.retrace.answer import Spoiled
from stages.retrace.claims.desk import Claim
from stages.retrace.evidence import cards, table
from stages.retrace.evidence.receipts import Receipt
from stages.retrace.evidence.roots import Root, roots_of
from stages.retrace.report import names, numbers
from stages.retrace.report.gathered import Gathered, Result
from stages.retrace.report.names import Link
from stages.retrace.report.numbers import Row
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site

PICTURE = ".png"


@dataclass(frozen=True)
class Made:
    """A result with what its page shows; `problems` stand in red."""

    result: Result
    picture: str = ""
    text: str = ""
    files: tuple[Link, ...] = ()
    rows: tuple[Row, ...] = ()
    verdicts: tuple[dict[str, str], ...] = ()
    plain: tuple[dict[str, str], ...] = ()
    problems: tuple[str, ...] = ()
    restricted: tuple[str, ...] = ()
    seeds: tuple[str, ...] = ()

    @property
    def listed(self) -> tuple[dict[str, str], ...]:
        """What stands on the page in full since nothing else there shows it."""
        return () if self.rows or self.text else self.plain

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return " ".join(self.result.caption.replace("``", "").split()) or self.result.desc


class _Reading:
    """What a page reads of a stage's sound files; `problems` says what of it cannot be shown."""

    def __init__(self, node: Receipt, shown: Shown) -> None:
        self._node, self._shown, self.problems = node, shown, list[str]()

    def content(self, name: str) -> bytes | None:
        """A file's bytes; None where the stage made none of this name, or where they are not those that it made."""
        return self._shown.content(self._node, name) if name in self._node.content["outputs"] else None

    def text(self, name: str) -> str:
        return (self.content(name) or b"").decode(errors="replace")

    def csv(self, name: str) -> list[dict[str, str]]:
        """The rows of a table; none where there is none."""
        content = self.content(name)
        try:
            return table.rows_of(content, self._node.folder / name) if content is not None else []
        except Spoiled as error:
            self.problems.append(str(error))
            return []

    def json(self, name: str) -> list[dict[str, str]]:
        """The values of a JSON by the keys that lead to them."""
        content = self.content(name)
        try:
            pairs = list(_flat(json.loads(content), "")) if content is not None else []
        except (ValueError, RecursionError) as error:
            self.problems.append(f"{self._node.folder / name} is no JSON: {error}; build it again")
            return []
        return [{"value of": key, "is": value} for key, value in pairs]


def make(result: Result, all_: Gathered, shown: Shown, site: Site) -> Made:
    """Copies what is sound of a result's files and reads what the page shows."""
    node = result.node
    if node is None:
        return Made(result)
    places = {name: shown.copy(node, name, site) for name in sorted(node.content["outputs"])}
    reading, before = _Reading(node, shown), all_.shelf.upstream(node)
    main = reading.csv(f"{result.name}.csv")
    # A paper's table of all its claims is itself the comparisons; other tables write theirs beside themselves.
    compares = bool(main) and "comparison" in main[0]
    verdicts = main if compares else reading.csv(f"{result.name}.claims.csv")
    plain = [] if compares else main or reading.json(f"{result.name}.json")
    found = all_.findings(node)
    return Made(
        result,
        picture=next((place for name, place in places.items() if name.endswith(PICTURE)), ""),
        text=reading.text(f"{result.name}.md"),
        files=tuple(Link(name, place, node.content["outputs"][name]["sha256"]) for name, place in places.items()),
        rows=tuple(numbers.rows(main, node, all_)),
        verdicts=tuple(verdicts),
        plain=tuple(plain),
        problems=(*(one.line() for one in found), *reading.problems, *shown.wrong(node, {one.file for one in found})),
        restricted=tuple(sorted(_restricted(before, all_))),
        seeds=tuple(all_.seeds(before)),
    )


def _restricted(nodes: Iterable[Receipt], all_: Gathered) -> set[str]:
    """Titles of the user's datasets among receipts that may not be passed on."""
    paths = {path for node in nodes if cards.is_users(node) for path in cards.named(all_.shelf, node)}
    return {all_.cards[path].title for path in paths & all_.cards.keys() if not all_.cards[path].redistribution}


def _flat(value: Any, key: str) -> Iterable[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for name, inner in sorted(value.items()):
            yield from _flat(inner, f"{key} › {name}" if key else name)
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write(made: Made, all_: Gathered, site: Site) -> None:
    """The page of a built result, and that of its cells."""
    result, node = made.result, made.result.node
    if node is None:
        return
    before = all_.shelf.upstream(node)
    steps: dict[str, list[Link]] = {}
    for one in before:
        steps.setdefault(one.content["verb"], []).append(all_.link(one))
    site.page(
        result.page, "result.html", made=made, stage=all_.link(node), steps=steps, claims=_claims(result, all_),
        roots=[(root, _page_of(root, before)) for root in roots_of(before, all_.shelf)],
        gaps=all_.origins.gaps(before), resting=all_.resting(node),
    )  # fmt: skip
    if made.rows:
        site.page(names.cells(result.out), "cells.html", made=made, stage=all_.link(node))


def _page_of(root: Root, nodes: Iterable[Receipt]) -> str:
    """The page of the stage that drew or listed a root; empty for files."""
    return next((names.stage(node) for node in nodes if node.digest == root.sha256
                 or any(entry["sha256"] == root.sha256 for entry in node.content["outputs"].values())), "")  # fmt: skip


def _claims(result: Result, all_: Gathered) -> list[Claim]:
    """The claims that a result measures or decides."""
    paths = {f"{result.out}{ending}" for ending in (".csv", ".json", ".claims.csv", ".png", ".md")}
    return [one for one in all_.claims if one.paper == result.paper and paths & {one.measured_by, one.decided_by}]
