"""`retrace claims`: what each paper says, our numbers beside the printed ones, and the verdict where there is one."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from stages import graph
from stages.retrace.claims.verdicts import Number, Verdict, verdicts_of_json, verdicts_of_rows
from stages.retrace.evidence.identify import Unvouched, identify
from stages.retrace.evidence.origins import PAPERS, Origins, load_yaml
from stages.retrace.evidence.receipts import Shelf
from stages.retrace.report import FINDING, FINE
from stages.retrace.trace.cell import names

RESULTS = Path("results")
STANDS_FOR = re.compile(r"printed=([^,;]+)")


@dataclass(frozen=True)
class Claim:
    """A claim with its numbers; `missing` says of each absent file whether a stage makes it."""

    paper: str
    id: str
    text: str
    evidence: str
    rule: str
    measured_by: str
    verdict: str = ""
    worth: str = ""
    numbers: tuple[Number, ...] = ()
    gaps: tuple[str, ...] = ()
    missing: tuple[tuple[str, bool], ...] = ()
    untrusted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ledger:
    """All claims of the papers asked for."""

    claims: list[Claim] = field(default_factory=list)

    @property
    def code(self) -> int:
        """1 where a number comes from a file that its receipt does not vouch for."""
        return FINDING if any(claim.untrusted for claim in self.claims) else FINE

    def as_dict(self) -> dict[str, Any]:
        return {"claims": [asdict(claim) for claim in self.claims]}


def run(papers: Sequence[str]) -> Ledger:
    """Reads claims.yaml of each paper and whatever tables are built.

    Raises: ValueError for a paper that is not here.
    """
    known = sorted(path.parent.name for path in PAPERS.glob("*/claims.yaml"))
    if unknown := [name for name in papers if name not in known]:
        raise ValueError(f"no claims.yaml of {', '.join(unknown)}; papers here are {', '.join(known)}")
    desk = _Desk()
    return Ledger([claim for paper in papers or known for claim in desk.of(paper)])


class _Desk:
    """Tables and their receipts, each read once."""

    def __init__(self) -> None:
        self.shelf, self.origins = Shelf(), Origins()
        self._tables: dict[str, tuple[list[dict[str, str]], str]] = {}
        self._gaps: dict[str, tuple[str, ...]] = {}

    @cached_property
    def made(self) -> set[str]:
        """All outputs of the graph."""
        return {out for stage in graph.load(".") for out in stage.outs}

    def of(self, paper: str) -> Iterable[Claim]:
        form = next((form for form in ("csv", "json") if (RESULTS / f"tables/{paper}_claims.{form}").is_file()), "")
        ruled, target = self.verdicts(paper, form), self.target(paper, form)
        for entry in load_yaml(PAPERS / paper / "claims.yaml"):
            verdict = ruled.get(str(entry["id"]), Verdict())
            measured = entry["measured_by"]
            found, doubts = self.table(measured) if measured.endswith(".csv") else ([], self.doubt(measured))
            absent = [f"results/{name}" for name in (measured, target) if not (RESULTS / name).is_file()]
            yield Claim(
                paper, str(entry["id"]), entry["claim"], entry["evidence"], entry["rule"], f"results/{measured}",
                verdict.word, verdict.worth, (*verdict.numbers, *_measured(entry, found)),
                verdict.gaps or self.gaps(measured), tuple((name, name in self.made) for name in absent),
                tuple(text for text in (self.doubt(target), doubts) if text),
            )  # fmt: skip

    def target(self, paper: str, form: str) -> str:
        """The file that holds a paper's verdicts, or would: a csv, or a JSON where the graph makes that."""
        made = f"results/tables/{paper}_claims.json" in self.made if not form else form == "json"
        return f"tables/{paper}_claims.{'json' if made else 'csv'}"

    def verdicts(self, paper: str, form: str) -> dict[str, Verdict]:
        """By claim; none where the paper's table of claims is not built."""
        if form == "csv":
            return verdicts_of_rows(self.table(f"tables/{paper}_claims.csv")[0])
        path = RESULTS / f"tables/{paper}_claims.json"
        return verdicts_of_json(json.loads(path.read_text(encoding="utf-8"))) if form else {}

    def table(self, name: str) -> tuple[list[dict[str, str]], str]:
        """The rows of a table under results/, and why it is not to be trusted; nothing where it is not built."""
        if name not in self._tables:
            path = RESULTS / name
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines())) if path.is_file() else []
            self._tables[name] = rows, self.doubt(name)
        return self._tables[name]

    def doubt(self, name: str) -> str:
        path = RESULTS / name
        if not path.is_file():
            return ""
        try:
            found = identify(path.as_posix(), self.shelf)
        except Unvouched as problem:
            return str(problem)
        return "" if found.trusted else f"{path}: {found.warning}"

    def gaps(self, name: str) -> tuple[str, ...]:
        """The gaps that the numbers rest on, by all receipts before them."""
        if name not in self._gaps:
            node = self.shelf.owner(RESULTS / name) if (RESULTS / name).is_file() else None
            found = self.origins.gaps(self.shelf.upstream(node)) if node else []
            self._gaps[name] = tuple(gap.id for gap in found)
        return self._gaps[name]


def _measured(entry: Mapping[str, Any], rows: Iterable[Mapping[str, str]]) -> Iterable[Number]:
    """The numbers of a table for a claim: those of the measures that it names, or all with a printed value."""
    printed = [row for row in rows if row.get("printed")]
    named = [row for row in printed if re.search(rf"\b{re.escape(_printed_name(row))}\b", entry["evidence"])]
    for row in named or printed:
        what = " ".join(names(row).values())
        printed_text = f"{_printed_name(row)} {row['printed']}"
        yield Number(what, row.get("ours", ""), row.get("spread", ""), printed_text, row.get("profile", ""),
                     row.get("protocol", ""))  # fmt: skip


def _printed_name(row: Mapping[str, str]) -> str:
    """What the paper calls the measure in whose place the row's one stands."""
    match = STANDS_FOR.search(row.get("protocol", ""))
    return match[1].strip() if match else row.get("metric", "")
