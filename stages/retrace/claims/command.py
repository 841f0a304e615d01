"""`retrace claims`: what each paper says, our numbers beside the printed ones, and the verdict where there is one."""

import csv
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from stages import graph
from stages.draw.verdict import NOT_DECIDED, NOT_RUN
from stages.retrace.claims.verdicts import Number, Verdict, verdicts_of_json, verdicts_of_rows
from stages.retrace.evidence.identify import Unvouched, identify
from stages.retrace.evidence.origins import PAPERS, Origins, load_yaml
from stages.retrace.evidence.receipts import Shelf
from stages.retrace.report import FINDING, FINE
from stages.retrace.trace.cell import names

RESULTS = Path("results")
# By whether there are numbers.
UNDECIDED = {
    True: Verdict(NOT_DECIDED, "no table with its verdict is built"),
    False: Verdict(NOT_RUN, "nothing of it is built"),
}
STANDS_FOR = re.compile(r"printed=([^,;]+)")


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict, the file that gives it, and the numbers.

    `missing` says of each absent file that it rests on whether a stage makes it.
    """

    paper: str
    id: str
    text: str
    evidence: str
    rule: str
    measured_by: str
    verdict: str
    why: str = ""
    worth: str = ""
    decided_by: str = ""
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
    def made(self) -> dict[str, str]:
        """All outputs of the graph, with the paper of the stage that makes each."""
        return {out: str(stage.meta.get("paper", "")) for stage in graph.load(".") for out in stage.outs}

    def of(self, paper: str) -> Iterable[Claim]:
        given, doubted = self.verdicts(paper)
        for entry in load_yaml(PAPERS / paper / "claims.yaml"):
            measured, verdict = entry["measured_by"], given.get(str(entry["id"]))
            found, doubt = self.table(measured) if measured.endswith(".csv") else ([], self.doubt(measured))
            numbers = (*(verdict.numbers if verdict else ()), *_measured(entry, found))
            verdict = verdict or UNDECIDED[bool(numbers)]
            absent = [measured] if not (RESULTS / measured).is_file() else []
            absent += [] if verdict.file else [self.ledger(paper)]
            yield Claim(
                paper, str(entry["id"]), entry["claim"], entry["evidence"], entry["rule"], f"results/{measured}",
                verdict.word, verdict.why, verdict.worth, verdict.file, numbers, verdict.gaps or self.gaps(measured),
                tuple((f"results/{name}", f"results/{name}" in self.made) for name in absent),
                tuple(text for text in (*doubted.get(verdict.file, ()), doubt) if text),
            )  # fmt: skip

    def ledger(self, paper: str) -> str:
        """The file that would hold all verdicts of a paper."""
        form = "json" if f"results/tables/{paper}_claims.json" in self.made else "csv"
        return f"tables/{paper}_claims.{form}"

    def verdicts(self, paper: str) -> tuple[dict[str, Verdict], dict[str, tuple[str, ...]]]:
        """By claim its verdict, and by file why it is not to be trusted.

        A paper's own table of claims decides all; each table decides the claims that are about it alone, so that they
        are decided as soon as it is built. Of several the one whose inputs are the present ones counts, then the one of
        most seeds, then the paper's own.
        """
        given: dict[str, tuple[tuple[bool, int], Verdict]] = {}
        doubts: dict[str, tuple[str, ...]] = {}
        for name in self.deciding(paper):
            file = f"results/{name}"
            doubts[file] = (self.doubt(name),)
            try:
                found = self.read(name)
            except (KeyError, TypeError, ValueError) as problem:
                doubts[""] = (*doubts.get("", ()), f"{file}: expected the verdicts of a report: {problem}")
                continue
            present = self.is_present(name)
            for claim, verdict in found.items():
                rank = present, verdict.seeds
                if claim not in given or rank > given[claim][0]:
                    given[claim] = rank, replace(verdict, file=file)
        return {claim: verdict for claim, (_, verdict) in given.items()}, doubts

    def deciding(self, paper: str) -> list[str]:
        """The built files with verdicts of a paper, its own table of claims first."""
        own = [f"tables/{paper}_claims{kind}" for kind in (".csv", ".json", "_seeds.csv", "_seeds.json")]
        made = [out.removeprefix("results/") for out, of in self.made.items() if of == paper]
        early = [name for name in made if name.startswith("tables/") and name.endswith((".claims.csv", ".json"))]
        return [name for name in dict.fromkeys((*own, *early)) if (RESULTS / name).is_file()]

    def is_present(self, name: str) -> bool:
        """Whether a file was made from what the stages before it made last."""
        node = self.shelf.owner(RESULTS / name)
        before = [by for _, entry, by in self.shelf.inputs(node) if entry["receipt"]] if node else []
        return all(by is not None and self.shelf.is_current(by) for by in before)

    def read(self, name: str) -> dict[str, Verdict]:
        """The verdicts of a file. Raises: as `verdicts_of_rows`."""
        if name.endswith(".csv"):
            return verdicts_of_rows(self.table(name)[0])
        return verdicts_of_json(json.loads((RESULTS / name).read_text(encoding="utf-8")))

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
