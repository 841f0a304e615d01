"""How the writing of a report looks."""

from stages.retrace.page import Page
from stages.retrace.report.command import Written

SHOWN = 12


def show(report: Written, page: Page) -> None:
    """What stands in red in it, then where it lies."""
    for problem in report.problems[:SHOWN]:
        page.say(problem, "bold red", rest="  ")
    if len(report.problems) > SHOWN:
        page.say(f"and {len(report.problems) - SHOWN} others; --json lists all")
    size = f"{report.files} files of {report.size / 1e6:.1f} MB"
    page.say(f"{report.out}/index.html: {report.results} results, {report.stages} stages, {size}")
    if report.root:
        page.say(f"root {report.root}")
