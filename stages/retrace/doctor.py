"""`retrace doctor`: what stops or blocks a run on this machine, each finding with its remedy."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stages import graph
from stages.retrace.report import FINDING, FINE

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True)
class Finding:
    """Something to mend; without a remedy, a note."""

    kind: str
    what: str
    remedy: str = ""


@dataclass(frozen=True)
class Health:
    """All findings, and notes on what is worth knowing."""

    findings: tuple[Finding, ...]

    @property
    def code(self) -> int:
        """1 where something asks for a remedy."""
        return FINDING if any(one.remedy for one in self.findings) else FINE

    def as_dict(self) -> dict[str, Any]:
        named = [asdict(one) for one in self.findings]
        return {
            "findings": [one for one in named if one["remedy"]],
            "notes": [one for one in named if not one["remedy"]],
        }

    def show(self, console: "Console") -> None:
        from rich.markup import escape
        from rich.table import Table

        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(style="grey62", no_wrap=True)
        grid.add_column(overflow="fold")
        for one in sorted(self.findings, key=lambda one: not one.remedy):
            grid.add_row("[bold red]✗[/]" if one.remedy else "[green]·[/]", one.kind, escape(one.what))
            if one.remedy:
                grid.add_row("", "", f"[cyan]→ {escape(one.remedy)}[/]")
        console.print(grid)
        count = sum(bool(one.remedy) for one in self.findings)
        console.print(f"[bold red]{count} to mend[/]" if count else "[bold green]nothing to mend[/]")


def run() -> Health:
    """Looks at locks, saved states, half-published outputs, environment, user data and disk."""
    stages = graph.load(Path())
    return Health(tuple(one for look in _looks() for one in look(stages)))


def _looks() -> Iterable[Any]:
    from stages.retrace import leftovers, surroundings

    return (
        leftovers.locks, leftovers.publishes, leftovers.states, leftovers.receipts,
        surroundings.environment, surroundings.optional, surroundings.user_data, surroundings.disk,
    )  # fmt: skip
