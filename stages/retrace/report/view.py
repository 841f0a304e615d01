"""How the writing of a report looks."""

from stages.retrace.page import Page
from stages.retrace.report.changes import PLACE, Changes
from stages.retrace.report.command import Written

SHOWN = 12


def show(report: Written, page: Page) -> None:
    """What stands in red in it, then where it lies."""
    for problem in report.problems[:SHOWN]:
        page.say(problem, "bold red", rest="  ")
    if len(report.problems) > SHOWN:
        page.say(f"and {len(report.problems) - SHOWN} others; --json lists all")
    if report.changed:
        _show_changes(report.changed, f"{report.out}/{PLACE}", page)
    size = f"{report.files} files of {report.size / 1e6:.1f} MB"
    page.say(f"{report.out}/index.html: {report.results} results, {report.stages} stages, {size}")
    if report.root:
        page.say(f"root {report.root}")


def _show_changes(changes: Changes, place: str, page: Page) -> None:
    """The numbers in a table, the pictures by name; all of it stands side by side on the page of changes."""
    numbers, pictures, others = map(len, (changes.numbers, changes.pictures, changes.others))
    page.say(f"since {changes.since}: numbers that changed {numbers}, pictures {pictures}, other files {others}, "
             f"built since {len(changes.new)}, no longer built {len(changes.gone)}; {place}")  # fmt: skip
    if changes.numbers:
        rows = [(one.link.text, one.name, one.then or "none", one.now or "none", one.printed or "–")
                for one in changes.numbers[:SHOWN]]  # fmt: skip
        page.table(("result", "number", "then", "now", "printed"), rows, right="then now printed")
    if numbers > SHOWN:
        page.say(f"and {numbers - SHOWN} others", first="  ")
    for one in changes.pictures:
        page.say(f"another picture: {one.link.text}", first="  ")
