"""How an adoption looks: the sum, then each stage that was left out with its reasons."""

from rich.console import Console

from stages.retrace.adopt.command import AdoptReport


def show(report: AdoptReport, console: Console) -> None:
    """Plain lines, since they hold paths and commands."""

    def say(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    say(f"adopted {len(report.adopted)}, not built {len(report.unbuilt)}, out of date {len(report.stale)}, "
        f"not as their receipts say {len(report.broken)}")  # fmt: skip
    for name, lines in {**report.broken, **report.stale, **report.failed}.items():
        say(f"{name}: " + (lines if isinstance(lines, str) else "; ".join(lines)))
    for path in report.waivers:
        say(f"waiver {path}")
    for text in report.notes:
        say(f"note: {text}")
