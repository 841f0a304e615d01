"""What every command of `retrace` returns."""

import json
from typing import Any, Protocol

FINE, FINDING, USAGE, ENVIRONMENT, DEFECT = 0, 1, 2, 3, 4
# As shells say of a program that a closed pipe or Ctrl-C ended.
CLOSED, STOPPED = 128 + 13, 128 + 2


class Spoiled(Exception):
    """A file that a command needs is not what it must be; names it, what was expected, what came and what to do."""


class Report(Protocol):
    """An answer, apart from how it is shown; `code` is the exit code that it means."""

    @property
    def code(self) -> int: ...

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        ...


def as_text(report: Report, encoding: str) -> str:
    """A report as `--json` prints it: what the encoding lacks, and what a terminal would obey, by its number."""
    from stages.runner.terminal import OBEYED

    text = json.dumps(report.as_dict(), sort_keys=True, indent=1, ensure_ascii=False)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = json.dumps(report.as_dict(), sort_keys=True, indent=1)
    # They stand inside of texts alone, where JSON has a form for each.
    return OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
