"""How the ledger of claims looks: one block a claim, with its verdict and what that is worth."""

from collections.abc import Sequence

from stages.draw.verdict import FAILS, HOLDS
from stages.retrace.claims.command import Ledger
from stages.retrace.claims.desk import Claim
from stages.retrace.claims.verdicts import Number
from stages.retrace.page import Line, Page, quoted, styled, whole

STYLES = {HOLDS: "bold green", FAILS: "bold red"}
COLUMNS = ("", "ours", "spread", "printed", "met", "profile")


def show(ledger: Ledger, page: Page) -> None:
    for claim in ledger.claims:
        _claim(claim, page)
        page.skip()
    page.say(styled(_summary(ledger.claims)))


def _claim(claim: Claim, page: Page) -> None:
    style = STYLES.get(claim.verdict, "bold yellow")
    page.say(styled(f"[{style}]■[/] [bold]{quoted(f'{claim.paper} {claim.id}')}[/]  {quoted(claim.text)}"), rest="  ")
    word = f"{claim.verdict}: {quoted(claim.why)}" if claim.why else claim.verdict
    worth = f"  [grey62]{quoted(claim.worth)}[/]" if claim.worth else ""
    rows: list[tuple[str, Line]] = [("verdict", styled(f"[{style}]{word}[/]{worth}"))]
    if claim.decided_by:
        rows.append(("decided by", claim.decided_by))
    rows += [("printed in", claim.evidence), ("rule", claim.rule)]
    if claim.judged_by and claim.judged_by != claim.rule:
        rows.append(("judged by", claim.judged_by))
    rows += [("numbers", claim.measured_by)]
    rows.append(("gaps", ", ".join(claim.gaps) or "–"))
    for target, is_made in claim.missing:
        command = styled(f"[cyan]{whole(f'make {target}')}[/]")
        rows.append(("not here", command if is_made else f"{target}: no stage makes it yet"))
    rows += [("", styled(f"[bold red]{quoted(doubt)}[/]")) for doubt in claim.untrusted]
    page.pairs(rows)
    _numbers(claim.numbers, page)


def _numbers(numbers: Sequence[Number], page: Page) -> None:
    """Numbers, and what their protocols share; `--json` has each one's whole protocol."""
    if not numbers:
        return
    rows = [[one.what, one.ours, one.spread or "–", one.printed or "–", _met(one), one.profile] for one in numbers]
    page.table(COLUMNS, rows, right="spread printed")
    shared = set.intersection(*(set(one.protocol.split("; ")) for one in numbers))
    if any(shared):
        page.say(f"all measured with {'; '.join(sorted(shared))}", "grey62", first="  ")


def _met(one: Number) -> Line:
    color = "green" if one.met.split()[:1] == one.met.split()[2:3] else "red"
    return styled(f"[{color}]{quoted(one.met)}[/]") if one.met else ""


def _summary(claims: list[Claim]) -> str:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.verdict] = counts.get(claim.verdict, 0) + 1
    return f"{len(claims)} claims: " + ", ".join(f"[{STYLES.get(k, 'yellow')}]{v} {k}[/]" for k, v in counts.items())
