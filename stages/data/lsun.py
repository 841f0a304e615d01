"""LSUN objects and scenes: an LMDB, an exported tree of images, or a zip of them, behind one iterator in key order."""

from collections.abc import Callable, Container, Iterator
from functools import partial
from zipfile import ZipFile

from stages.data import lmdb_file
from stages.data.image_file import Damaged
from stages.data.lsun_forms import LAYOUT as LAYOUT
from stages.data.lsun_forms import find_form
from stages.data.raw import RawFolder
from stages.data.reading import member, zip_of


class LsunImages:
    """Iterates over (key, source, content) in key order; `len` is the number of stored values.

    `prefer` names the database to take where several lie side by side, as find_form says. Raises: as find_form.
    """

    def __init__(self, raw: RawFolder, prefer: str = "") -> None:
        self.raw = raw
        form = find_form(raw, prefer)
        self._lmdb = [form.database] if form.database else []
        self._archive, self._members, self.left_out = form.archive, form.members, form.left_out

    def __len__(self) -> int:
        if not self._lmdb:
            return len(self._members)
        return lmdb_file.count(self.raw.path(self._lmdb[0]))

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        return self.contents()

    def keys(self) -> list[str]:
        """All keys in order; no image is read. Raises: ValueError for a damaged database."""
        if self._lmdb:
            return [_text(key) for key in lmdb_file.keys(self.raw.path(self._lmdb[0]))]
        return [key for key, _ in self._members]

    def contents(self, wanted: Container[str] | None = None) -> Iterator[tuple[str, str, bytes]]:
        """(key, source, content) in key order, of all keys or of the wanted ones."""
        return ((key, source, read()) for key, source, read in self.readers(wanted))

    def readers(self, wanted: Container[str] | None = None) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
        """As `contents`, with what reads a content in its place, in any thread."""
        if self._lmdb:
            yield from self._values(wanted)
            return
        members = [(key, name) for key, name in self._members if wanted is None or key in wanted]
        if not self._archive:
            for key, name in members:
                yield key, name, partial(self.raw.read, name)
            return
        archive = zip_of(self.raw.path(self._archive))
        for key, name in members:
            yield key, f"{self._archive}:{name}", partial(_member, archive, name)

    def _values(self, wanted: Container[str] | None) -> Iterator[tuple[str, str, Callable[[], bytes]]]:
        path = self.raw.path(self._lmdb[0])
        # All pages but the values' own, in seconds: nothing is made of a database that ends amid its keys.
        lmdb_file.check(path)
        # LMDB keeps keys in byte order, which is key order for ASCII.
        for key, read in lmdb_file.readers(path, None if wanted is None else lambda key: _text(key) in wanted):
            yield _text(key), self._lmdb[0], read


def _member(archive: ZipFile, name: str) -> bytes:
    try:
        return member(archive, name)
    except ValueError as error:
        # One damaged picture among many is one reject, as it is in a folder.
        return Damaged(str(error))


def _text(key: bytes) -> str:
    return key.decode("ascii", errors="backslashreplace")
