"""How a machine's health looks: what to mend first, each with its remedy, then notes."""

from stages.retrace.doctor.command import Health
from stages.retrace.page import Page, quoted, styled


def show(health: Health, page: Page) -> None:
    """Each finding beside its kind, and the count of what is to mend."""
    rows = []
    for one in sorted(health.findings, key=lambda one: not one.remedy):
        sign = "[bold red]✗[/]" if one.remedy else "[green]·[/]"
        remedy = f"  [cyan]→ {quoted(one.remedy)}[/]" if one.remedy else ""
        rows.append((one.kind, styled(f"{sign} {quoted(one.what)}{remedy}")))
    page.pairs(rows, indent=0)
    count = sum(bool(one.remedy) for one in health.findings)
    page.say(styled(f"[bold red]{count} to mend[/]" if count else "[bold green]nothing to mend[/]"))
