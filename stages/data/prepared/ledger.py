"""The account of a preparation: how many items came, and which were rejected at which step and why."""

from collections import Counter
from dataclasses import dataclass, field

from stages.data.image import UNREADABLE


class Refused(Exception):
    """One item that a filter refuses."""

    def __init__(self, step: str, reason: str, detail: str) -> None:
        super().__init__(step, reason, detail)
        self.step, self.reason, self.detail = step, reason, detail


@dataclass
class Ledger:
    """Counts the items that enter a chain of steps, and lists each reject with its step, reason and detail."""

    steps: tuple[str, ...]
    total: int = 0
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    _by_step: Counter = field(default_factory=Counter)
    decode_errors: int = 0

    def reject(self, key: str, step: str, reason: str, detail: str) -> None:
        """Lists one reject. Raises: ValueError for a step that the chain does not have."""
        if step not in self.steps:
            raise ValueError(f"expected one of the steps {self.steps}, came {step!r}")
        self.rejects.append((key, reason, detail))
        self._by_step[step] += 1
        self.decode_errors += reason in UNREADABLE

    @property
    def kept(self) -> int:
        """How many items were not rejected."""
        return self.total - len(self.rejects)

    def funnel(self) -> list[list]:
        """[[step, in, out], ...] in the chain's order."""
        rows, left = [], self.total
        for step in self.steps:
            rows.append([step, left, left - self._by_step[step]])
            left -= self._by_step[step]
        return rows

    def reasons(self) -> dict[str, int]:
        """How many rejects each reason has, sorted by name."""
        return dict(sorted(Counter(reason for _, reason, _ in self.rejects).items()))

    def check(self, name: str, minimum_kept: int, decode_error_limit: float) -> None:
        """Stops a preparation that lost too much. Raises: ValueError with the counts per reason."""
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.reasons().items()) or "no rejects"
        if self.decode_errors > decode_error_limit * self.total:
            examples = "; ".join(f"{key}: {detail}" for key, _, detail in self.rejects[:3])
            raise ValueError(
                f"{name}: {self.decode_errors} of {self.total} images do not decode, "
                f"at most {decode_error_limit:.2%} may (decode_error_limit); rejects: {reasons}; first: {examples}"
            )
        if self.kept < minimum_kept:
            raise ValueError(
                f"{name}: expected at least {minimum_kept} kept items (minimum_kept), "
                f"came {self.kept} of {self.total}; rejects: {reasons}; check the raw data, or lower minimum_kept"
            )
