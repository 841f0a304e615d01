"""Tables, verdicts and receipts put beside what the papers claim."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from stages.draw.verdict import NOT_DECIDED, NOT_RUN
from stages.retrace.answer import Spoiled
from stages.retrace.claims.numbers import measured
from stages.retrace.claims.today import Today
from stages.retrace.claims.verdicts import Number, Verdict, verdicts_of_json, verdicts_of_rows
from stages.retrace.claims.written import Written
from stages.retrace.evidence import table
from stages.retrace.evidence.identify import Unvouched, identify
from stages.retrace.evidence.origins import Origins
from stages.retrace.evidence.papers import ClaimEntry
from stages.retrace.evidence.receipts import Shelf

RESULTS = Path("results")
# By whether there are numbers.
UNDECIDED = {
    True: Verdict(NOT_DECIDED, "no table with its verdict is built"),
    False: Verdict(NOT_RUN, "nothing of it is built"),
}
NAMED = 3
Verdicts = tuple[dict[str, Verdict], list[str]]


@dataclass(frozen=True)
class Claim:
    """A claim with its verdict, the file that gives it, and the numbers.

    `missing` says of each absent file that it rests on whether a stage makes it; `judged_by` is the rule in the words
    of the code that decided.
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
    judged_by: str = ""
    numbers: tuple[Number, ...] = ()
    gaps: tuple[str, ...] = ()
    missing: tuple[tuple[str, bool], ...] = ()
    untrusted: tuple[str, ...] = ()


class Desk:
    """Tables and their receipts, each read once."""

    def __init__(self) -> None:
        self.shelf, self.origins = Shelf(), Origins()
        self.today = Today(self.shelf)
        self._tables: dict[str, tuple[list[dict[str, str]], str]] = {}
        self._doubts: dict[str, tuple[str, ...]] = {}
        self._gaps: dict[str, tuple[str, ...]] = {}

    @cached_property
    def made(self) -> dict[str, str]:
        """All outputs of the graph, with the paper of the stage that makes each."""
        return {out: str(stage.meta.get("paper", "")) for stage in self.today.sources.stages for out in stage.outs}

    def of(self, paper: str) -> Iterable[Claim]:
        given, spoiled = self.verdicts(paper)
        written = Written(paper, self.today)
        for entry in written.claims:
            yield self._claim(paper, entry, given.pop(entry.id, None), written, spoiled)
        for name, verdict in given.items():
            gone = f"{written.path} has no claim {name}, which {verdict.file} decides"
            yield Claim(paper, name, "", "", "", "", verdict.word, verdict.why, verdict.worth, verdict.file,
                        verdict.rule, verdict.numbers, verdict.gaps, (), (gone, *spoiled))  # fmt: skip

    def _claim(
        self, paper: str, entry: ClaimEntry, verdict: Verdict | None, written: Written, spoiled: list[str]
    ) -> Claim:
        node = self.shelf.owner(Path(verdict.file)) if verdict else None
        entry, edited = written.as_judged(entry, node)
        doubts = [edited, *self.doubts(entry.measured_by), *spoiled]
        found, problem = self.table(entry.measured_by) if entry.measured_by.endswith(".csv") else ([], "")
        numbers = (*(verdict.numbers if verdict else ()), *measured(entry, found))
        doubts += [problem, *(self.doubts(verdict.file.removeprefix("results/")) if verdict else ())]
        verdict = verdict or UNDECIDED[bool(numbers)]
        absent = [entry.measured_by] if not (RESULTS / entry.measured_by).is_file() else []
        absent += [] if verdict.file else [self.ledger(paper)]
        return Claim(
            paper, entry.id, entry.claim, entry.evidence, entry.rule, f"results/{entry.measured_by}",
            verdict.word, verdict.why, verdict.worth, verdict.file, verdict.rule, numbers,
            verdict.gaps or self.gaps(entry.measured_by),
            tuple((f"results/{name}", f"results/{name}" in self.made) for name in absent),
            tuple(dict.fromkeys(text for text in doubts if text)),
        )  # fmt: skip

    def ledger(self, paper: str) -> str:
        """The file that would hold all verdicts of a paper."""
        form = "json" if f"results/tables/{paper}_claims.json" in self.made else "csv"
        return f"tables/{paper}_claims.{form}"

    def verdicts(self, paper: str) -> Verdicts:
        """By claim its verdict, and which files hold none though they should.

        A paper's own table of claims decides all; each table decides the claims that are about it alone, so that they
        are decided as soon as it is built. Of several the one that is of today's sources counts, then the one of most
        seeds, then the paper's own.
        """
        given: dict[str, tuple[tuple[bool, int], Verdict]] = {}
        spoiled = []
        for name in self.deciding(paper):
            file = f"results/{name}"
            try:
                found = self.read(name)
            except (ArithmeticError, KeyError, TypeError, ValueError, RecursionError, Spoiled) as problem:
                spoiled.append(f"{file}: expected the verdicts of a report: {problem}")
                continue
            for claim, verdict in found.items():
                rank = not self.doubts(name), verdict.seeds
                if claim not in given or rank > given[claim][0]:
                    given[claim] = rank, replace(verdict, file=file)
        return {claim: verdict for claim, (_, verdict) in given.items()}, spoiled

    def deciding(self, paper: str) -> list[str]:
        """The built files with verdicts of a paper, its own table of claims first."""
        own = [f"tables/{paper}_claims{kind}" for kind in (".csv", ".json", "_seeds.csv", "_seeds.json")]
        made = [out.removeprefix("results/") for out, of in self.made.items() if of == paper]
        early = [name for name in made if name.startswith("tables/") and name.endswith((".claims.csv", ".json"))]
        return [name for name in dict.fromkeys((*own, *early)) if (RESULTS / name).is_file()]

    def read(self, name: str) -> Mapping[str, Verdict]:
        """The verdicts of a file. Raises: as `verdicts_of_json`; Spoiled for what is no table."""
        if name.endswith(".csv"):
            return verdicts_of_rows(table.rows(RESULTS / name))
        return verdicts_of_json(json.loads((RESULTS / name).read_text(encoding="utf-8")))

    def table(self, name: str) -> tuple[list[dict[str, str]], str]:
        """The rows of a table under results/, and why there are none; nothing where it is not built."""
        if name not in self._tables:
            try:
                found = table.rows(RESULTS / name) if (RESULTS / name).is_file() else []
                self._tables[name] = found, ""
            except Spoiled as problem:
                self._tables[name] = [], str(problem)
        return self._tables[name]

    def doubts(self, name: str) -> tuple[str, ...]:
        """Why a file under results/ is not to be trusted, or not of today; nothing where it is not built."""
        if name not in self._doubts:
            self._doubts[name] = tuple(self._doubted(RESULTS / name)) if (RESULTS / name).is_file() else ()
        return self._doubts[name]

    def _doubted(self, path: Path) -> Iterable[str]:
        try:
            found = identify(path.as_posix(), self.shelf)
        except Unvouched as problem:
            yield str(problem)
            return
        if not found.trusted:
            yield f"{path}: {found.warning}"
        if changes := self.today.changes(found.node):
            more = f"; and {len(changes) - NAMED} more" if len(changes) > NAMED else ""
            yield f"{path} is not of today: {'; '.join(changes[:NAMED])}{more}"

    def gaps(self, name: str) -> tuple[str, ...]:
        """The gaps that the numbers rest on, by all receipts before them."""
        if name not in self._gaps:
            node = self.shelf.owner(RESULTS / name) if (RESULTS / name).is_file() else None
            found = self.origins.gaps(self.shelf.upstream(node)) if node else []
            self._gaps[name] = tuple(gap.id for gap in found)
        return self._gaps[name]
