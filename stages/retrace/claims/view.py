"""How the ledger of claims looks: one table a claim, with its verdict and what that is worth."""

from collections.abc import Iterable

from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stages.draw.verdict import FAILS, HOLDS
from stages.retrace.claims.command import Claim, Ledger, Number
from stages.retrace.looks import two_columns

STYLES = {HOLDS: "bold green", FAILS: "bold red"}


def show(ledger: Ledger, console: Console) -> None:
    for claim in ledger.claims:
        console.print(_panel(claim))
    console.print(_summary(ledger.claims))


def _panel(claim: Claim) -> Panel:
    style = STYLES.get(claim.verdict, "bold yellow")
    word = f"{claim.verdict}: {escape(claim.why)}" if claim.why else claim.verdict
    worth = f"  [grey62]{escape(claim.worth)}[/]" if claim.worth else ""
    grid = two_columns()
    grid.add_row("verdict", f"[{style}]{word}[/]{worth}")
    if claim.decided_by:
        grid.add_row("decided by", escape(claim.decided_by))
    grid.add_row("printed in", escape(claim.evidence))
    grid.add_row("rule", escape(claim.rule))
    grid.add_row("numbers", escape(claim.measured_by))
    grid.add_row("gaps", ", ".join(claim.gaps) or "–")
    for target, is_made in claim.missing:
        grid.add_row("not here", f"[cyan]make {target}[/]" if is_made else f"{target}: no stage makes it yet")
    for doubt in claim.untrusted:
        grid.add_row("", f"[bold red]{escape(doubt)}[/]")
    parts = [grid, *_numbers(claim.numbers)]
    title = f"[bold]{claim.paper} {claim.id}[/]  {escape(claim.text)}"
    return Panel(Group(*parts), title=title, title_align="left", border_style=style.removeprefix("bold "))


def _numbers(numbers: tuple[Number, ...]) -> Iterable[Table | Text]:
    """Numbers, and what their protocols share; `--json` has each one's whole protocol."""
    if not numbers:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="grey62")
    for name in ("", "ours", "spread", "printed", "met", "profile"):
        table.add_column(name, overflow="fold", justify="left" if name in ("", "ours", "met", "profile") else "right")
    for one in numbers:
        met = f"[{'green' if one.met.split()[:1] == one.met.split()[2:3] else 'red'}]{one.met}[/]" if one.met else ""
        table.add_row(
            escape(one.what), escape(one.ours), one.spread or "–", escape(one.printed) or "–", met, one.profile
        )
    yield table
    shared = set.intersection(*(set(one.protocol.split("; ")) for one in numbers))
    if any(shared):
        yield Text(f"all measured with {'; '.join(sorted(shared))}", style="grey62")


def _summary(claims: list[Claim]) -> str:
    counts: dict[str, int] = {}
    for claim in claims:
        counts[claim.verdict] = counts.get(claim.verdict, 0) + 1
    return f"{len(claims)} claims: " + ", ".join(f"[{STYLES.get(k, 'yellow')}]{v} {k}[/]" for k, v in counts.items())
