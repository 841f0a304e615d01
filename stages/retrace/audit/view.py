"""How an audit is shown to a person: the first broken link in full, the others in brief."""

from stages.retrace.audit.findings import KINDS, AuditReport, Finding
from stages.retrace.page import Line, Page, styled, whole

SHOWN = 12
NEAREST = 4


def show(report: AuditReport, page: Page) -> None:
    """Findings first, then notes, then the one-line sum with the root to write down."""
    if report.findings:
        page.say(styled(f"[bold red]First broken link: {whole(report.findings[0].file)}[/]"))
        page.pairs(_in_full(report.findings[0]))
    if others := report.findings[1:]:
        page.skip()
        page.say(f"{len(others)} more:", "bold")
        for finding in others[:SHOWN]:
            page.say(finding.line(), first="  ", rest="    ")
        if len(others) > SHOWN:
            page.say(f"and {len(others) - SHOWN} others; --json lists all", first="  ")
    for note in report.notes[:SHOWN]:
        page.say(f"note: {note}", "dim", rest="  ")
    if len(report.notes) > SHOWN:
        page.say(f"note: and {len(report.notes) - SHOWN} others; --json lists all", "dim")
    page.say(_sum(report), "bold red" if report.findings else "bold green")
    if report.root:
        page.say(f"root {report.root} over {len(report.receipts)} receipts")
    page.say(f"auditor {report.auditor}, as a clean clone of the same revision prints it", "dim")


def _in_full(finding: Finding) -> list[tuple[str, Line]]:
    users = ", ".join(finding.consumed_by[:NEAREST])
    more = len(finding.consumed_by) - NEAREST
    last = f" and {more} more, up to {finding.consumed_by[-1]}" if more > 0 else ""
    pairs = (
        ("what", KINDS[finding.kind]), ("stage", finding.stage), ("expected", finding.expected),
        ("says", finding.vouched_by), ("found", finding.found), ("consumed by", users + last),
        ("remedy", finding.remedy),
    )  # fmt: skip
    return [(f"{name:<11}", text) for name, text in pairs if text]


def _sum(report: AuditReport) -> str:
    return report.line(f" at {report.bytes / 1e6 / max(report.hashing_seconds, 1e-9):.0f} MB/s")
