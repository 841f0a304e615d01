"""A page for each table and figure: what it shows, our numbers beside the printed ones, and how it was made."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
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
# Files for programs, which repeat what others of the same result say.
MACHINES = ".metrics.json"


@dataclass(frozen=True)
class Made:
    """A result with what its page shows; `problems` stand in red."""

    result: Result
    picture: str
    text: str
    files: tuple[Link, ...]
    rows: tuple[Row, ...]
    verdicts: tuple[dict[str, str], ...]
    plain: tuple[dict[str, str], ...]
    problems: tuple[str, ...]
    restricted: tuple[str, ...]
    seeds: tuple[str, ...]

    @property
    def alt(self) -> str:
        """What a screen reader says of the picture."""
        return " ".join(self.result.caption.replace("``", "").split()) or self.result.desc


def make(result: Result, all_: Gathered, shown: Shown, site: Site) -> Made:
    """Copies what is sound of a result's files and reads what the page shows."""
    node = result.node
    if node is None:
        return Made(result, "", "", (), (), (), (), (), (), ())
    places = {name: shown.copy(node, name, site) for name in sorted(node.content["outputs"])}
    problems: list[str] = []

    def csv(name: str) -> list[dict[str, str]]:
        content = shown.content(node, name) if name in places else None
        try:
            return table.rows_of(content, Path(node.folder, name)) if content is not None else []
        except Spoiled as error:
            problems.append(str(error))
            return []

    main = csv(f"{result.name}.csv")
    own = "comparison" in main[0] if main else False
    before = all_.shelf.upstream(node)
    found = Made(
        result,
        next((place for name, place in places.items() if name.endswith(PICTURE)), ""),
        (shown.content(node, f"{result.name}.md") or b"").decode(errors="replace") if f"{result.name}.md" in places
        else "",
        tuple(Link(name, place, node.content["outputs"][name]["sha256"]) for name, place in places.items()),
        () if problems else tuple(numbers.rows(result, all_, shown)),
        tuple(main if own else csv(f"{result.name}.claims.csv")),
        tuple(_json(node, result, shown, places) if not main else () if own else main),
        (*(f"{one.file}: {one.line()}" for one in all_.findings(node)), *problems, *shown.wrong(node)),
        tuple(sorted(_restricted(before, all_))),
        tuple(all_.seeds(before)),
    )  # fmt: skip
    return found


def _restricted(nodes: Iterable[Receipt], all_: Gathered) -> set[str]:
    """Titles of the user's datasets among receipts that may not be passed on."""
    held = {card.path: card for card in cards.all_of_them()}
    paths = {path for node in nodes if cards.is_users(node) for path in cards.named(all_.shelf, node)}
    return {held[path].title for path in paths & held.keys() if not held[path].may_be_passed_on}


def _json(node: Receipt, result: Result, shown: Shown, places: dict[str, str]) -> Iterable[dict[str, str]]:
    """The values of a result that is JSON alone, by the keys that lead to them."""
    name = f"{result.name}.json"
    content = shown.content(node, name) if name in places else None
    if content is None:
        return
    for key, value in _flat(json.loads(content), ""):
        yield {"value of": key, "is": value}


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
