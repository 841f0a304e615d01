"""What every command of `retrace` returns."""

from typing import Any, Protocol

FINE, FINDING, USAGE, ENVIRONMENT = 0, 1, 2, 3


class Report(Protocol):
    """An answer, apart from how it is shown; `code` is the exit code that it means."""

    @property
    def code(self) -> int: ...

    def as_dict(self) -> dict[str, Any]:
        """What `--json` prints."""
        ...
