"""How far a measure is, and where it keeps what is finished."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages.engine.shards import Shards


@dataclass(frozen=True)
class Going:
    """A progress that also knows the resume folder: a measure goes on there where it was killed, with the same bytes.

    `tell(done, total, text)` says how far it is, and may end it, by raising.
    """

    tell: Callable[[int, int, str], None]
    resume: Path

    def __call__(self, done: int, total: int, text: str) -> None:
        """As any progress."""
        self.tell(done, total, text)

    def kept(self, name: str) -> Shards:
        """The shards of one part of the work; a name for each part."""
        return Shards(self.resume / name)
