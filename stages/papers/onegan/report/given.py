"""Numbers that others print: they stand apart from ours, and nothing is computed from them."""

import csv
from collections.abc import Iterable
from pathlib import Path

from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.names import SETS

TITLE = "Reprinted elsewhere"
SAID = (
    "The text that we work from prints no result. These numbers stand in later papers; crops, resizing, networks and "
    "splits behind them differ or are not known, so no difference is taken and nothing is decided by them. "
    "`unverified`: recalled, not looked up.\n\n"
)


def reprinted(path: Path, metrics: Iterable[str]) -> tuple[str, str]:
    """A section with the lines of these measures. Raises: ValueError for a status that is not known."""
    wanted = list(metrics)
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["metric"] in wanted]
    for line in lines:
        if line["status"] not in ("reprinted", "unverified"):
            raise ValueError(f"{path}: expected the status reprinted or unverified, got {line['status']!r}")
    body = [
        [f"{SETS[line['dataset']]}: {line['metric']}", line["method"], line["value"], line["status"], line["source"]]
        for line in lines
    ]
    return TITLE, SAID + rows_to_markdown(["", "method", "value", "status", "where"], body)


def printed_sizes(path: Path) -> dict[str, str]:
    """The sizes that the text prints, by their names in reported.csv."""
    with path.open(encoding="utf-8", newline="") as file:
        return {line["metric"]: line["value"] for line in csv.DictReader(file)}
