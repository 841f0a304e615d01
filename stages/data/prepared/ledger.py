"""The account of a preparation: how many items came, and which were rejected at which step and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from stages.data.image_file import UNREADABLE

NAMED = 3  # examples in a message that stops a preparation


class TooManyRejects(ValueError):
    """A preparation that lost too much; `rejects` are all of them, as (key, reason, detail, path looked for)."""

    def __init__(self, message: str, rejects: list[tuple[str, str, str, str]]) -> None:
        super().__init__(message)
        self.rejects = rejects


class Refused(Exception):
    """One item that a filter refuses; `place` is the path that was looked for, where it is not the item's own."""

    def __init__(self, step: str, reason: str, detail: str, place: str = "") -> None:
        super().__init__(step, reason, detail, place)
        self.step, self.reason, self.detail, self.place = step, reason, detail, place


@dataclass
class Ledger:
    """Counts the items that enter a chain of steps, and lists each reject with its step, reason and detail.

    `root` is the raw folder, below which the paths lie that rejects are given.
    """

    steps: tuple[str, ...]
    total: int = 0
    root: Path = Path()
    rejects: list[tuple[str, str, str]] = field(default_factory=list)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    notes: Counter = field(default_factory=Counter)
    _by_step: Counter = field(default_factory=Counter)
    decode_errors: int = 0

    def reject(self, key: str, step: str, reason: str, detail: str, place: str = "") -> None:
        """Lists one reject; `place` is the path that was looked for, if there was one.

        Raises: ValueError for a step that the chain does not have.
        """
        if step not in self.steps:
            raise ValueError(f"expected one of the steps {self.steps}, came {step!r}")
        self.rejects.append((key, reason, detail))
        self.places[key, reason] = place
        self._by_step[step] += 1
        self.decode_errors += reason in UNREADABLE

    def note(self, what: str) -> None:
        """Counts something to know of items that are kept; the log says it once, the card how often."""
        if what not in self.notes:
            print(what, flush=True)
        self.notes[what] += 1

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
        """Stops a preparation that lost too much. Raises: TooManyRejects with counts per reason and examples."""
        reasons = ", ".join(f"{reason} {count}" for reason, count in self.reasons().items()) or "no rejects"
        if self.decode_errors > decode_error_limit * self.total:
            unread = [reject for reject in self.rejects if reject[1] in UNREADABLE]
            self._stop(
                f"{name}: {self.decode_errors} of {self.total} images do not decode, "
                f"at most {decode_error_limit:.2%} may (decode_error_limit); rejects: {reasons}",
                unread,
                "restore those files, or raise decode_error_limit",
            )
        if self.kept < minimum_kept:
            self._stop(
                f"{name}: expected at least {minimum_kept} kept items (minimum_kept), "
                f"came {self.kept} of {self.total}; rejects: {reasons}",
                self._examples(),
                "check the raw data, or lower minimum_kept",
            )

    def check_splits(self, name: str, splits: Sequence[str], needed: Sequence[str]) -> None:
        """Stops a preparation that kept nothing to train on, or nothing to evaluate on, before anybody trains on it.

        Raises: TooManyRejects naming the split.
        """
        for split in needed:
            if split not in splits:
                reasons = ", ".join(f"{reason} {count}" for reason, count in self.reasons().items()) or "no rejects"
                self._stop(
                    f"{name}: expected items of the split {split}, came none; of {self.total} items {self.kept} were "
                    f"kept, all of {', '.join(sorted(set(splits))) or 'no split'}; rejects: {reasons}",
                    self._examples(),
                    "check the raw data",
                )

    def _examples(self) -> list[tuple[str, str, str]]:
        """The first reject of each reason, the most frequent one first, then more of that."""
        often = [reason for reason, _ in Counter(reason for _, reason, _ in self.rejects).most_common()]
        first = [next(reject for reject in self.rejects if reject[1] == reason) for reason in often[:NAMED]]
        return first + [reject for reject in self.rejects if reject not in first]

    def _stop(self, message: str, examples: list[tuple[str, str, str]], remedy: str) -> NoReturn:
        named = "; ".join(
            f"{key} ({reason}: {detail}"
            + (f"; looked for {self.root / place})" if (place := self.places[key, reason]) else ")")
            for key, reason, detail in examples[:NAMED]
        )
        rejects = [(key, reason, detail, self.places[key, reason]) for key, reason, detail in sorted(self.rejects)]
        raise TooManyRejects(f"{message}; for example {named or 'none'}; {remedy}", rejects)
