"""What `retrace doctor` finds."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something to mend; without a remedy, a note."""

    kind: str
    what: str
    remedy: str = ""
