"""How the packing of a crate looks."""

from stages.retrace.crate.report import CrateReport
from stages.retrace.page import Page


def show(report: CrateReport, page: Page) -> None:
    """What stands against it, or what was packed and which claims the validator found to hold."""
    for problem in report.problems:
        page.say(problem, "bold red")
    if report.problems:
        page.say("Nothing was written. `retrace audit` finds what was altered.")
        return
    size = f"{report.files} files of {report.size / 1e6:.1f} MB"
    page.say(f"{report.out}: {report.actions} runs, {report.entities} entities, {size}")
    page.say(f"roc-validator: {report.checks} checks at level MUST hold")
    for path in report.lost:
        page.say(f"named by digest alone: {path}, whose earlier version git does not hold")
    if report.restricted:
        page.say(f"Figures may show data that may not be passed on: {', '.join(report.restricted)}", "yellow")
