"""Finished parts of long work, in a stage's resume folder: a kill costs at most the part that was being made.

The folder belongs to one fingerprint, so a part is a function of its number. It is written under a temporary name,
flushed to disk and renamed: complete, or not there.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from stages.durable import complete

HEADER_BYTES = 4096
# Batches that a sampler keeps together: some hundred pictures of 256 px, some seconds of work.
SHARD_BATCHES = 8
# As a number of parts: none of them is the last.
MORE_FOLLOWS = 10**12


class Shards:
    """Numbered parts of one work. A file is a line of JSON (size, sha256 of what follows), then the content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def held(self, number: int) -> bytes | None:
        """What was kept under a number; None, said in the log, for a damaged file, which is made anew."""
        path = self.folder / _name(number)
        try:
            with path.open("rb") as file:
                line, content = file.readline(HEADER_BYTES), file.read()
        except FileNotFoundError:
            return None
        if line != _header(content):
            print(f"{path}: expected a whole shard, came bytes that do not match its header; made anew", flush=True)
            return None
        return content

    def keep(self, number: int, content: bytes) -> None:
        """Keeps a finished part."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for left in self.folder.glob("writing-*"):
            left.unlink()
        with complete(self.folder / _name(number), self.folder / f"writing-{os.getpid()}") as file:
            file.write(_header(content))
            file.write(content)

    def part(self, number: int, of: int, make: Callable[[], bytes]) -> bytes:
        """What is kept under a number of 0 to of - 1, or what `make` gives, which is kept then.

        Not of the last one: behind it there is nothing left to lose.
        """
        content = self.held(number)
        if content is None:
            content = make()
            if number < of - 1:
                self.keep(number, content)
        return content

    def arrays(self, number: int, of: int, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """As `part`, of named arrays."""
        return unpacked(self.part(number, of, lambda: packed(make())))

    def once(self, make: Callable[[], Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        """Arrays that are made in one go and kept, since other work follows them."""
        return self.arrays(0, MORE_FOLLOWS, make)

    def over(
        self, count: int, batch: int, make: Callable[[range], Mapping[str, np.ndarray]]
    ) -> Iterator[dict[str, np.ndarray]]:
        """Arrays of `count` items in order, those of SHARD_BATCHES batches a part; make(numbers) gives some items'.

        The last part is kept too, since other work follows them.
        """
        size = batch * SHARD_BATCHES
        for number, first in enumerate(range(0, count, size)):
            numbers = range(first, min(first + size, count))
            yield self.arrays(number, MORE_FOLLOWS, partial(make, numbers))

    def newest(self) -> tuple[int, bytes] | None:
        """The number and content of the last whole part, for work whose parts are its state so far."""
        for path in sorted(self.folder.glob("shard-*"), reverse=True):
            number = int(path.name.removeprefix("shard-"))
            if (content := self.held(number)) is not None:
                return number, content
        return None

    def forget(self, below: int) -> None:
        """Removes the parts under a number, which later states stand for."""
        for path in self.folder.glob("shard-*"):
            if path.name < _name(below):
                path.unlink()

    def joined(
        self, count: int, batch: int, make: Callable[[range], Mapping[str, np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """As `over`, the parts' arrays behind each other."""
        return behind_each_other(self.over(count, batch, make))


def packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of an npz."""
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # pyright: ignore[reportArgumentType]
    return stream.getvalue()


def unpacked(content: bytes) -> dict[str, np.ndarray]:
    """The arrays of an npz."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return dict(found)


def behind_each_other(parts: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Arrays of the same names, joined along their first axis."""
    held: dict[str, list[np.ndarray]] = {}
    for part in parts:
        for name, array in part.items():
            held.setdefault(name, []).append(array)
    return {name: np.concatenate(arrays) for name, arrays in held.items()}


def _name(number: int) -> str:
    return f"shard-{number:012d}"


def _header(content: bytes) -> bytes:
    return json.dumps({"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}).encode() + b"\n"
