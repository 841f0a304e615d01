"""One pass over listed items: rows of those that pass, an entry in the ledger for those that do not.

What a shard of items gave is kept in the resume folder; a run that was killed goes on behind the last one.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from stages.data.image_file import ImageError
from stages.data.prepared.growing import Growing
from stages.data.prepared.ledger import Ledger, Refused
from stages.data.prepared.row import Row
from stages.engine.shards import Shards

# Some seconds of work, and a file of some hundred kilobytes.
SHARD_ITEMS = 1000


@dataclass(frozen=True)
class Watch:
    """What a preparation is gone on from and watched by; nothing here changes the result.

    `progress` may end it between two items, by raising.
    """

    resume: Path
    progress: Callable[[int, int, str], None]


@dataclass
class Walk:
    """`items`, (key, place, what `make` needs besides), cheap to list, always in one order: `total` of them.

    make(*item) gives an item's row, or rows, or raises Refused or ImageError; beside ledger.note it has no effects.
    `told` are the columns of what rows tell; heard(key, refusal) is called for each refusal, an earlier run's too.
    """

    items: Iterable[tuple]
    total: int
    make: Callable[..., Row | Sequence[Row]]
    what: str
    heard: Callable[[str, Refused], None] = lambda key, refusal: None
    told: dict[str, list] = field(default_factory=lambda: defaultdict(list))

    def run(self, growing: Growing, ledger: Ledger, watch: Watch | None) -> None:
        """All items, from behind the last kept shard on."""
        kept = Shards(watch.resume) if watch else None
        done = SHARD_ITEMS * self._restore(kept, growing, ledger)
        shard = _Shard(ledger)
        for number, item in enumerate(self.items, 1):
            if number <= done:
                continue
            self._one(item, growing, ledger, shard)
            if kept is not None and number % SHARD_ITEMS == 0 and number < self.total:
                kept.keep(number // SHARD_ITEMS - 1, shard.content(growing))
                shard = _Shard(ledger)
            if watch is not None:
                watch.progress(number, self.total, self.what)

    def _one(self, item: tuple, growing: Growing, ledger: Ledger, shard: "_Shard") -> None:
        key, place = item[:2]
        try:
            made = self.make(*item)
        except Refused as error:
            shard.refused.append((key, error.step, error.reason, error.detail, error.place or place))
            self._refuse(ledger, *shard.refused[-1])
        except ImageError as error:
            shard.refused.append((key, "decode", error.reason, error.detail, place))
            self._refuse(ledger, *shard.refused[-1])
        else:
            for row in (made,) if isinstance(made, Row) else made:
                growing.add(row)
                shard.told.append(dict(row.told))
                self._tell(row.told)

    def _refuse(self, ledger: Ledger, key: str, step: str, reason: str, detail: str, place: str) -> None:
        ledger.reject(key, step, reason, detail, place)
        self.heard(key, Refused(step, reason, detail, place))

    def _tell(self, told: Mapping[str, Any]) -> None:
        for name, value in told.items():
            self.told[name].append(value)

    def _restore(self, kept: Shards | None, growing: Growing, ledger: Ledger) -> int:
        """Takes up what an earlier run kept, a shard in memory at a time; how many shards these are."""
        marks: list[dict[str, Any]] = []
        while kept is not None and (content := kept.held(len(marks))) is not None:
            marks.append(json.loads(content)["files"])
        good = growing.sound(marks)
        if good < len(marks):
            print(
                f"{growing.folder}: expected the rows of {len(marks)} shards, {good} are whole; the rest is made anew"
            )
        for number in range(good):
            shard = json.loads(kept.held(number) or b"") if kept else {}
            growing.restore(shard["rows"])
            for refusal in shard["refused"]:
                self._refuse(ledger, *refusal)
            for told in shard["told"]:
                self._tell(told)
            ledger.notes.update(shard["notes"])
        growing.cut()
        return good


class _Shard:
    """What the items since the last kept shard gave."""

    def __init__(self, ledger: Ledger) -> None:
        self.refused: list[tuple[str, str, str, str, str]] = []
        self.told: list[dict[str, Any]] = []
        self._ledger, self._noted = ledger, Counter(ledger.notes)

    def content(self, growing: Growing) -> bytes:
        """As the file of a shard holds it; the rows are on the disk then."""
        notes = dict(self._ledger.notes - self._noted)
        return json.dumps({"refused": self.refused, "told": self.told, "notes": notes, **growing.mark()}).encode()
