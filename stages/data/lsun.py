"""LSUN objects and scenes: an LMDB, an exported tree of images, or a zip of them, behind one iterator in key order."""

from collections.abc import Container, Iterator

from stages.data import lmdb_file
from stages.data.image_file import Damaged
from stages.data.lsun_forms import LAYOUT as LAYOUT
from stages.data.lsun_forms import find_form
from stages.data.raw import RawFolder
from stages.data.reading import member, opened_zip


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
        if self._lmdb:
            yield from self._values(wanted)
            return
        members = [(key, name) for key, name in self._members if wanted is None or key in wanted]
        if not self._archive:
            for key, name in members:
                yield key, name, self.raw.read(name)
            return
        with opened_zip(self.raw.path(self._archive)) as archive:
            for key, name in members:
                try:
                    content = member(archive, name)
                except ValueError as error:
                    # One damaged picture among many is one reject, as it is in a folder.
                    content = Damaged(str(error))
                yield key, f"{self._archive}:{name}", content

    def _values(self, wanted: Container[str] | None) -> Iterator[tuple[str, str, bytes]]:
        path = self.raw.path(self._lmdb[0])
        # All pages but the values' own, in seconds: nothing is made of a database that ends amid its keys.
        lmdb_file.check(path)
        # LMDB keeps keys in byte order, which is key order for ASCII.
        for key, content in lmdb_file.values(path, None if wanted is None else lambda key: _text(key) in wanted):
            yield _text(key), self._lmdb[0], content


def _text(key: bytes) -> str:
    return key.decode("ascii", errors="backslashreplace")
