"""What was rerun, as CODECHECK's certificates say it: codecheck.yml of the specification 1.0, and where stages ran.

What a person answers for (who checked, when, where their report lies) stands there only where the person gave it.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from stages.retrace.evidence import papers
from stages.retrace.evidence.receipts import Receipt, outputs
from stages.retrace.record import works
from stages.retrace.record.earlier import Earlier
from stages.retrace.record.written import dumped, written

PLACE, PAGE = "codecheck.yml", "codecheck.md"
SPECIFICATION = "https://codecheck.org.uk/spec/config/1.0/"
ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
SAME, OTHER, NEW, UNCOMPARED = "of the same bytes", "of other bytes", "not in the reference", "not compared"


@dataclass(frozen=True)
class Checker:
    """What whoever checked says of themselves; empty where they did not."""

    name: str = ""
    orcid: str = ""
    time: str = ""
    report: str = ""

    def __post_init__(self) -> None:
        """Raises: ValueError naming the option whose value is none."""
        if self.orcid and not (ORCID.fullmatch(self.orcid) and _checks(self.orcid)):
            raise ValueError(f"--orcid: expected digits such as 0000-0002-1825-0097, found {self.orcid!r}")
        if self.orcid and not self.name:
            raise ValueError("--orcid: expected --codechecker with the name that it belongs to")
        if self.time:
            try:
                datetime.fromisoformat(self.time)
            except ValueError:
                raise ValueError(
                    f"--check-time: expected a time such as 2026-11-30T14:00:00, found {self.time!r}"
                ) from None
        if self.report and urlsplit(self.report).scheme not in ("http", "https"):
            raise ValueError(f"--check-report: expected an address (a DOI's, best), found {self.report!r}")


@dataclass(frozen=True)
class Output:
    """A result's file: what it is, its sha256, and how its bytes compare with the reference's."""

    path: str
    place: str
    desc: str
    sha256: str
    agreement: str


@dataclass(frozen=True)
class Certificate:
    """Everything that the page and codecheck.yml say; `ran` counts stages by device, lock and other packages."""

    checker: Checker
    root: str
    receipts: int
    profile: str
    reference: str
    outputs: tuple[Output, ...]
    ran: tuple[tuple[tuple[Any, ...], int], ...]
    papers: tuple[str, ...]

    @property
    def agreeing(self) -> dict[str, int]:
        """How many outputs compare in each way."""
        held = [one.agreement for one in self.outputs]
        return {word: held.count(word) for word in (SAME, OTHER, NEW, UNCOMPARED) if word in held}

    @property
    def summary(self) -> str:
        """The check in a few sentences, without a verdict, which is the checker's."""
        counts = ", ".join(f"{count} {word}" for word, count in self.agreeing.items())
        compared = f"Compared with {self.reference}: {counts}." if self.reference else "Compared with nothing."
        files = f"{len(self.outputs)} files from {self.receipts} stages, under root {self.root or 'none'}."
        return f"{files} {compared} {self.profile}"

    @property
    def missing(self) -> list[str]:
        """The fields of the specification that only a person can fill, with the option for each."""
        given = {"codechecker": (self.checker.name, "--codechecker NAME [--orcid ID]"),
                 "report": (self.checker.report, "--check-report ADDRESS"),
                 "check_time": (self.checker.time, "--check-time TIME")}  # fmt: skip
        return [
            f"{field}: to be given by whoever checked, {option}"
            for field, (value, option) in given.items()
            if not value
        ]

    def text(self) -> bytes:
        """codecheck.yml; a field that is not known is a comment, which a reader sees and a program does not."""
        checker = self.checker
        person = {"name": checker.name} | ({"ORCID": checker.orcid} if checker.orcid else {})
        said = {
            "version": SPECIFICATION, "paper": self._paper(),
            "manifest": [{"file": one.place, "comment": f"{one.desc}; {one.agreement}; sha256 {one.sha256}"}
                         for one in self.outputs if one.place],
            "codechecker": [person] if checker.name else None, "summary": self.summary,
            "check_time": checker.time, "report": checker.report,
        }  # fmt: skip
        known = {key: value for key, value in said.items() if value}
        blank = "".join(f"# {line}\n" for line in self.missing)
        return f"---\n{blank}{dumped(known)}".encode()

    def _paper(self) -> dict[str, Any] | None:
        """The paper that the outputs are of; None for several, of which the specification knows no list."""
        work = works.work(self.papers[0]) if len(self.papers) == 1 else None
        return {"title": work.title, "authors": [{"name": one.full} for one in work.authors]} if work else None

    @property
    def page(self) -> str:
        """The same for people, in Markdown."""
        return written("certificate.md", held=self)

    @property
    def titles(self) -> list[str]:
        """The papers, as they are cited."""
        return [work.line if (work := works.work(paper)) else papers.title(paper) for paper in self.papers]


def ran(nodes: Iterable[Receipt]) -> tuple[tuple[tuple[Any, ...], int], ...]:
    """Where stages ran, as receipts have it: (device, lock, its sha256, packages of other versions) -> how many."""
    found: dict[tuple[Any, ...], int] = {}
    for node in nodes:
        lock, others = node.content["environment"], node.content["packages"]["others"]
        key = node.content["device"], lock["lock"], lock["sha256"], tuple(others.items())
        found[key] = found.get(key, 0) + 1
    return tuple(sorted(found.items()))


def listed(
    finals: Sequence[Receipt], descs: Mapping[str, str], places: Mapping[str, str], earlier: Earlier | None
) -> tuple[Output, ...]:
    """The files of results by their receipts; `places` says where each lies here, which one that is not shown lacks."""
    return tuple(
        Output(path, places.get(path, ""), descs.get(node.stage, ""), entry["sha256"], _agreement(path, entry, earlier))
        for node in finals for path, entry in outputs(node).items()
    )  # fmt: skip


def _agreement(path: str, entry: Mapping[str, Any], earlier: Earlier | None) -> str:
    if earlier is None:
        return UNCOMPARED
    then = earlier.file(path)
    if then is None:
        return f"{NEW}, or no longer to be had" if earlier.knows(path) else NEW
    return SAME if hashlib.sha256(then).hexdigest() == entry["sha256"] else OTHER


def _checks(orcid: str) -> bool:
    """ISO 7064's check digit: total = 2 (total + digit) over the digits before it, 12 - total mod 11, X for ten."""
    total, digits = 0, orcid.replace("-", "")
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    return "0123456789X"[(12 - total % 11) % 11] == digits[-1]
