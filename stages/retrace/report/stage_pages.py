"""A page for each receipt: the trace tree, to be walked in both directions."""

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stages.retrace.audit.units import root_of
from stages.retrace.crate.runs import COSTS, executions, finished
from stages.retrace.evidence import cards
from stages.retrace.evidence.receipts import Receipt, outputs
from stages.retrace.report import names
from stages.retrace.report.curves import Curve, curves
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.shown import Shown
from stages.retrace.report.site import Site

CURVE = "curve.csv"
LISTED = 200
UNITS = {"seconds": "s", "cpu_seconds": "s", "peak_memory_mb": "MB"}


@dataclass(frozen=True)
class Files:
    """A list of files with their sha256: the first ones, how many there are, and where all of them stand."""

    first: tuple[tuple[str, str, str], ...]
    count: int
    place: str


def write(node: Receipt, all_: Gathered, records: list[Link], shown: Shown, site: Site) -> None:
    """The page of one stage, and lists of its files where they are long.

    `records` are what others are handed of it. Of an earlier run no file is read: what lies there now is another's.
    """
    content, own, current = node.content, names.stage(node), all_.shelf.is_current(node)
    made = [(path, str(entry["size"]), entry["sha256"]) for path, entry in outputs(node).items()]
    findings = all_.findings(node)
    drawn = _curves(node, shown) if current else []
    supplied = _supplied(node, own, shown, site) if current else None
    copied = {path: names.file(path) for path in outputs(node) if names.file(path) in site.files and node.is_final}
    site.page(
        own, "stage.html", node=node, content=content, current=current, name=all_.name(node), desc=all_.desc(node),
        command=f"python -m stages.{content['command'][0]} {' '.join(content['command'][1:])}",
        findings=findings, wrong=shown.wrong(node, {one.file for one in findings}), resting=all_.resting(node),
        inputs=[(name, entry, by and all_.link(by)) for name, entry, by in all_.inputs[node.digest]],
        users=[all_.link(one) for one in all_.users.get(node.digest, [])],
        parameters=[(one, _json(one.value), "" if one.now is None else _json(one.now))
                    for one in all_.origins.parameters(node)],
        gap_paper=_gap_paper(node, all_), outputs=_files(made, "outputs", own, site), supplied=supplied,
        code=_code(node, site), curves=drawn, costs=_costs(node), copied=copied if current else {},
        result=names.result(node.stage) if node.is_final and current else "", cards=_cards(node, all_),
        records=records,
    )  # fmt: skip


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _cards(node: Receipt, all_: Gathered) -> list[Link]:
    """The cards of a raw dataset."""
    paths = cards.named(all_.shelf, node) if node.content["verb"] == "render" else ()
    stems = [(path, Path(path).stem) for path in paths]
    return [Link(stem, f"data.html#{names.plain(stem)}" if path in all_.cards else "") for path, stem in stems]


def _gap_paper(node: Receipt, all_: Gathered) -> dict[str, str]:
    """Which paper's gap a number means at this stage."""
    return {gap.id: gap.paper for gap in all_.origins.gaps([node])}


def _files(rows: list[tuple[str, str, str]], what: str, own: str, site: Site) -> Files:
    """(path, size, sha256) of files; a long list is also a csv beside the page."""
    place = ""
    if len(rows) > LISTED:
        place = own.replace(".html", f".{what}.csv")
        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows([("path", "bytes", "sha256"), *rows])
        site.files[place] = stream.getvalue().encode(errors="backslashreplace")
    return Files(tuple(rows[:LISTED]), len(rows), place)


def _supplied(node: Receipt, own: str, shown: Shown, site: Site) -> Files | None:
    """The user's own files of a raw dataset, by the list that the stage made of them."""
    if not cards.is_users(node) or "files.parquet" not in node.content["outputs"]:
        return None
    if shown.content(node, "files.parquet") is None:
        return None
    from stages.data.files import read_table

    listed = read_table(node.folder / "files.parquet")
    rows = [(str(path), "", str(sha256)) for path, sha256 in zip(listed["path"], listed["sha256"], strict=True)]
    return _files(rows, "supplied", own, site)


def _code(node: Receipt, site: Site) -> Link:
    """A page for each set of code files, which many stages share."""
    code = node.content["code"]
    place = f"code/{root_of(code)[: names.SHORT]}.html"
    if place not in site.files:
        site.page(place, "code.html", code=sorted(code.items()), digest=node.content["code_digest"])
    return Link(f"{len(code)} files", place, node.content["code_digest"])


def _curves(node: Receipt, shown: Shown) -> list[Curve]:
    if CURVE not in node.content["outputs"]:
        return []
    content = shown.content(node, CURVE)
    return curves(content, node.folder / CURVE) if content is not None else []


def _costs(node: Receipt) -> list[tuple[str, str]]:
    """Wall time, CPU time and memory of the run, where the run log has them."""
    run = finished(executions(node))
    held: dict[str, Any] = run.costs if run else {}
    return [(COSTS[name][0], f"{value:.1f} {UNITS[name]}") for name, value in held.items()]
