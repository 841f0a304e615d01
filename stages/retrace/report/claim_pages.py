"""Claims, gaps and errata, with links both ways and from each claim to the numbers that it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stages.draw.verdict import WORDS
from stages.retrace.claims.desk import Claim
from stages.retrace.claims.verdicts import Number
from stages.retrace.evidence import papers
from stages.retrace.evidence.papers import Erratum, GapEntry
from stages.retrace.report import names, numbers
from stages.retrace.report.gathered import Gathered
from stages.retrace.report.names import Link
from stages.retrace.report.results import Made
from stages.retrace.report.site import Site


@dataclass(frozen=True)
class Gap:
    """A gap with what rests on it here."""

    paper: str
    entry: GapEntry
    stages: tuple[Link, ...]
    claims: tuple[str, ...]
    targets: tuple[Link, ...]


def entries(all_: Gathered) -> set[str]:
    """The addresses of all claims, gaps and errata that a text may name."""
    found = {names.entry("claims", one.paper, one.id) for one in all_.claims}
    found |= {names.entry("gaps", paper, one.id) for paper, held in gaps_of(all_).items() for one in held}
    return found | {names.entry("errata", paper, one.id) for paper, held in errata_of(all_).items() for one in held}


def gaps_of(all_: Gathered) -> dict[str, list[GapEntry]]:
    """The gaps of the report's papers."""
    return {path.parent.name: papers.gaps(path) for path in papers.files("gaps.yaml") if path.parent.name
            in all_.papers}  # fmt: skip


def errata_of(all_: Gathered) -> dict[str, list[Erratum]]:
    """The errata of the report's papers."""
    return {path.parent.name: papers.errata(path) for path in papers.files("errata.yaml") if path.parent.name
            in all_.papers}  # fmt: skip


def write(all_: Gathered, made: Sequence[Made], site: Site) -> None:
    """Three pages; numbers lead to what stands behind them, or to the page of the file that compares them."""
    pages = {path: one for one in made if one.result.node for path in _paths(one)}
    claims = [(claim, [(number, _place(claim, number, pages)) for number in claim.numbers]) for claim in all_.claims]
    site.page("claims.html", "claims.html", claims=claims, words=WORDS, counts=counted(all_.claims),
              pages={path: one.result.page for path, one in pages.items()})  # fmt: skip
    site.page("gaps.html", "gaps.html", gaps=list(_gaps(all_, pages)))
    site.page("errata.html", "errata.html", errata=errata_of(all_))


def counted(claims: Iterable[Claim]) -> dict[str, int]:
    """How many claims have each verdict."""
    held = [claim.verdict for claim in claims]
    return {word: held.count(word) for word in WORDS}


def _paths(one: Made) -> list[str]:
    return [f"results/{link.href.removeprefix('files/')}" for link in one.files if link.href]


def _place(claim: Claim, number: Number, pages: Mapping[str, Made]) -> str:
    """Where a claim's number leads: behind the row of its table, or to the comparison that holds it."""
    measured = pages.get(claim.measured_by)
    row = next((row for row in measured.rows if row.name == number.what), None) if measured else None
    if measured and row:
        return numbers.place(measured.result, row)
    decided = pages.get(claim.decided_by) or measured
    return f"{decided.result.page}{_claim_anchor(decided, claim)}" if decided else ""


def _claim_anchor(made: Made, claim: Claim) -> str:
    """Where on a result's page the numbers of a claim begin; empty for its top."""
    if any(row.get("claim") == claim.id for row in made.verdicts):
        return f"#claim-{names.plain(claim.id)}"
    return "#numbers" if made.rows or made.listed else ""


def _gaps(all_: Gathered, pages: Mapping[str, Made]) -> Iterable[Gap]:
    users: dict[tuple[str, str], list[Link]] = {}
    for node in all_.nodes:
        for gap in all_.origins.gaps([node]):
            users.setdefault((gap.paper, gap.id), []).append(all_.link(node))
    for paper, held in gaps_of(all_).items():
        for entry in held:
            claims = [one.id for one in all_.claims if one.paper == paper and entry.id in one.gaps]
            places = {f"results/{name}": pages.get(f"results/{name}") for name in entry.targets}
            targets = tuple(Link(path, one.result.page if one else "") for path, one in places.items())
            yield Gap(paper, entry, tuple(users.get((paper, entry.id), ())),
                      tuple(dict.fromkeys((*entry.claims, *claims))), targets)  # fmt: skip
