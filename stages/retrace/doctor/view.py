"""How a machine's health looks: what to mend first, each with its remedy, then notes."""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stages.retrace.doctor.command import Health


def show(health: Health, console: Console) -> None:
    """A grid, and the count of what is to mend."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(style="grey62", no_wrap=True)
    grid.add_column(overflow="fold")
    for one in sorted(health.findings, key=lambda one: not one.remedy):
        grid.add_row("[bold red]✗[/]" if one.remedy else "[green]·[/]", one.kind, escape(one.what))
        if one.remedy:
            grid.add_row("", "", f"[cyan]→ {escape(one.remedy)}[/]")
    console.print(grid)
    count = sum(bool(one.remedy) for one in health.findings)
    console.print(f"[bold red]{count} to mend[/]" if count else "[bold green]nothing to mend[/]")
