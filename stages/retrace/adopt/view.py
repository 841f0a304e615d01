"""How an adoption looks: the sum, then each stage that was left out with its reasons."""

from stages.retrace.adopt.command import AdoptReport
from stages.retrace.page import Page


def show(report: AdoptReport, page: Page) -> None:
    """A line a stage."""
    page.say(f"adopted {len(report.adopted)}, not built {len(report.unbuilt)}, out of date {len(report.stale)}, "
             f"not as their receipts say {len(report.broken)}")  # fmt: skip
    for name, lines in {**report.broken, **report.stale, **report.failed}.items():
        page.say(f"{name}: " + (lines if isinstance(lines, str) else "; ".join(lines)))
    for path in report.waivers:
        page.say(f"waiver {path}")
    for text in report.notes:
        page.say(f"note: {text}")
