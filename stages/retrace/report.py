"""What every command of `retrace` returns."""

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
