"""LMDB data files, read page by page: each page is checked before anything in it is believed.

The library maps the file and follows what pages say: over a file that was cut, or a page of other bytes, the process
dies of SIGBUS or SIGSEGV without a word, and so does whoever asks it only for the number of values. This reader never
maps, checks every number against the file, and needs nothing but to read. Source: LMDB's mdb.c, data format 1, as every
LMDB 0.9 on a 64-bit machine with little-endian numbers writes it.
"""

import os
import struct
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from stages.data.sizes import MOST_BYTES

MAGIC, FORMAT = 0xBEEFC0DE, 1
HEADER_BYTES, META_BYTES = 16, 152
BRANCH, LEAF, META = 0x01, 0x02, 0x08
# Of a page's flags those that say what it is; the others belong to transactions.
KINDS = 0x7F
OVERFLOWS, NAMED, REPEATED = 0x01, 0x02, 0x04
NO_PAGE = (1 << 64) - 1
DEEPEST = 32
REMEDY = "copy data.mdb anew from its source"


@dataclass(frozen=True)
class _Meta:
    """What the later of the two meta pages says: bytes of a page, the tree's depth, entries and root, the last page."""

    page_bytes: int
    flags: int
    depth: int
    entries: int
    root: int
    last_page: int
    transaction: int


def check(path: Path) -> int:
    """Reads all branch and leaf pages and returns how many values there are; the values themselves are not read.

    Raises: ValueError naming file, page, what was expected and what came; OSError.
    """
    return sum(1 for _ in _nodes(_File(path)))


def count(path: Path) -> int:
    """How many values the file says that it has. Raises: as `check`, for its meta pages and length."""
    return _File(path).meta.entries


def keys(path: Path) -> Iterator[bytes]:
    """All keys in order, without reading any value. Raises: as `check`."""
    return (key for key, _, _ in _nodes(_File(path)))


def readers(path: Path, wanted: Callable[[bytes], bool] | None = None) -> Iterator[tuple[bytes, Callable[[], bytes]]]:
    """(key, what reads the value, in any thread) in key order, of all keys or of those wanted.

    Raises: as `check`, once a damaged page is reached.
    """
    file = _File(path)
    for key, place, size in _nodes(file):
        if wanted is None or wanted(key):
            yield key, partial(file.read, place, size)


def values(path: Path, wanted: Callable[[bytes], bool] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """(key, value), as `readers`."""
    return ((key, read()) for key, read in readers(path, wanted))


class _File:
    """An open data file whose length fits its meta pages; closed when nobody can read from it any more."""

    def __init__(self, path: Path) -> None:
        self.path, self._descriptor = path, os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._descriptor)
        self.length = os.fstat(self._descriptor).st_size
        first = self._meta(0)
        self.meta = max(first, self._meta(first.page_bytes), key=lambda meta: meta.transaction)
        if self.meta.page_bytes != first.page_bytes:
            raise self.wrong("meta pages", f"pages of {first.page_bytes} bytes", f"{self.meta.page_bytes}")
        needed = (self.meta.last_page + 1) * self.meta.page_bytes
        if self.length < needed:
            raise self.wrong("length", f"at least {needed} bytes, as its meta page says", f"{self.length}")
        if self.meta.flags:
            raise self.wrong("meta pages", "keys in byte order, one value each", f"flags {self.meta.flags:#x}")
        if self.meta.depth > DEEPEST or (self.meta.depth == 0) != (self.meta.root == NO_PAGE):
            raise self.wrong("meta pages", f"a tree of 0 to {DEEPEST} levels", f"{self.meta.depth} levels")

    def _meta(self, place: int) -> _Meta:
        content = self.read(place, META_BYTES)
        kind = struct.unpack_from("<H", content, 10)[0]
        magic, form = struct.unpack_from("<II", content, HEADER_BYTES)
        if not kind & META or magic != MAGIC:
            wanted = f"a 64-bit machine's LMDB data file (mark {MAGIC:#x})"
            raise self.wrong("meta pages", wanted, f"one that does not open (mark {magic:#x})")
        if form != FORMAT:
            raise self.wrong("meta pages", f"data format {FORMAT}", f"format {form}; write it anew with LMDB 0.9")
        page_bytes = struct.unpack_from("<I", content, 40)[0]
        flags, depth = struct.unpack_from("<HH", content, 92)
        entries, root, last, transaction = struct.unpack_from("<QQQQ", content, 120)
        if not 512 <= page_bytes <= 1 << 16 or page_bytes & (page_bytes - 1):
            raise self.wrong("meta pages", "pages of 512 to 65536 bytes", f"{page_bytes}")
        return _Meta(page_bytes, flags, depth, entries, root, last, transaction)

    def read(self, place: int, size: int) -> bytes:
        """Bytes of the file; whoever asks has looked that they lie in it, so fewer mean that it was cut meanwhile."""
        parts, left = [], size
        while left and (part := os.pread(self._descriptor, left, place + size - left)):
            parts.append(part)
            left -= len(part)
        if left:
            raise self.wrong("length", f"{place + size} bytes", f"{place + size - left}")
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def page(self, number: int, kind: int) -> tuple[bytes, tuple[int, ...]]:
        """A branch or leaf page and the places of its nodes, each of which lies in it with its first 8 bytes."""
        size = self.meta.page_bytes
        if not 2 <= number <= self.meta.last_page:
            raise self.wrong("tree", f"page numbers 2 to {self.meta.last_page}", f"{number}")
        content = self.read(number * size, size)
        own, _, flags, lower, upper = struct.unpack_from("<QHHHH", content)
        if own != number or flags & KINDS != kind:
            wanted = f"a {'leaf' if kind == LEAF else 'branch'} page of this number"
            raise self.wrong(f"page {number}", wanted, f"number {own}, flags {flags:#x}")
        if not HEADER_BYTES < lower <= upper <= size or lower % 2:
            raise self.wrong(f"page {number}", f"limits within {size} bytes and a node", f"{lower} and {upper}")
        places = struct.unpack_from(f"<{(lower - HEADER_BYTES) // 2}H", content, HEADER_BYTES)
        if min(places) < upper or max(places) > size - 8:
            raise self.wrong(f"page {number}", f"nodes from {upper} to {size}", f"{min(places)} to {max(places)}")
        return content, places

    def wrong(self, where: str, expected: str, came: str) -> ValueError:
        return ValueError(f"{self.path}, {where}: expected {expected}, came {came}; {REMEDY}")


def _nodes(file: _File) -> Iterator[tuple[bytes, int, int]]:
    """(key, place of the value in the file, its bytes) of all leaves, in order, each page once."""
    meta, seen, found, last = file.meta, set(), 0, b""
    waiting = [] if meta.root == NO_PAGE else [(meta.root, 1)]
    while waiting:
        number, level = waiting.pop()
        if number in seen:
            raise file.wrong(f"page {number}", "each page once in the tree", "a second way to it")
        seen.add(number)
        if level < meta.depth:
            content, places = file.page(number, BRANCH)
            below = [_child(content, place) for place in places]
            waiting += [(child, level + 1) for child in reversed(below)]
            continue
        content, places = file.page(number, LEAF)
        for place in places:
            key, start, size = _leaf(file, number, content, place)
            # The first key may be empty in no database, so that `last` needs no other beginning.
            if key <= last:
                raise file.wrong(f"page {number}", f"keys that rise, after {last!r}", f"{key!r}")
            found, last = found + 1, key
            yield key, start, size
    if found != meta.entries:
        raise file.wrong("tree", f"{meta.entries} values, as its meta page says", f"{found}")


def _child(content: bytes, place: int) -> int:
    low, middle, high = struct.unpack_from("<HHH", content, place)
    return low | middle << 16 | high << 32


def _leaf(file: _File, number: int, content: bytes, place: int) -> tuple[bytes, int, int]:
    """One value's key, place and size. A large one lies in pages of its own, behind the first one's header."""
    low, high, flags, key_bytes = struct.unpack_from("<HHHH", content, place)
    page_bytes, size, start = file.meta.page_bytes, low | high << 16, place + 8 + key_bytes
    if flags & ~OVERFLOWS:
        what = "a named database" if flags & NAMED else "several values" if flags & REPEATED else f"flags {flags:#x}"
        raise file.wrong(f"page {number}", "one plain value for each key", what)
    if start + (8 if flags else size) > page_bytes:
        raise file.wrong(f"page {number}", f"a node within {page_bytes} bytes", f"its end at {start + size}")
    key = content[place + 8 : start]
    if not flags:
        return key, number * page_bytes + start, size
    if size > MOST_BYTES:
        raise file.wrong(f"page {number}", f"a value of at most {MOST_BYTES} bytes", f"{size}")
    first = struct.unpack_from("<Q", content, start)[0]
    pages = (HEADER_BYTES - 1 + size) // page_bytes + 1
    if not 2 <= first <= file.meta.last_page + 1 - pages:
        raise file.wrong(f"page {number}", f"a value within the {file.meta.last_page + 1} pages", f"page {first}")
    return key, first * page_bytes + HEADER_BYTES, size
