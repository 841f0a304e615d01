"""How the packing of a crate looks."""

from rich.console import Console

from stages.retrace.crate.report import CrateReport


def show(report: CrateReport, console: Console) -> None:
    """What stands against it, or what was packed and which claims the validator found to hold."""
    for problem in report.problems:
        console.print(problem, style="bold red", markup=False)
    if report.problems:
        console.print("Nothing was written. `retrace audit` finds what was altered.")
        return
    size = f"{report.files} files of {report.size / 1e6:.1f} MB"
    console.print(f"{report.out}: {report.actions} runs, {report.entities} entities, {size}", markup=False)
    console.print(f"roc-validator: {report.checks} checks at level MUST hold")
    for path in report.lost:
        console.print(f"named by digest alone: {path}, whose earlier version git does not hold", markup=False)
    if report.restricted:
        console.print(
            f"Figures may show data that may not be passed on: {', '.join(report.restricted)}", style="yellow"
        )
