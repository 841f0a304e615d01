"""LSUN objects: an LMDB, an exported tree of images, or a zip of images, behind one iterator in key order."""

from collections.abc import Iterator

from stages.data import lmdb_file
from stages.data.image_file import Damaged
from stages.data.lsun_forms import LAYOUT as LAYOUT
from stages.data.lsun_forms import find_form
from stages.data.raw import RawFolder
from stages.data.reading import member, opened_zip


class LsunImages:
    """Iterates over (key, source, content) in key order; `len` is the number of stored values.

    Raises: as find_form.
    """

    def __init__(self, raw: RawFolder) -> None:
        self.raw = raw
        form = find_form(raw)
        self._lmdb = [form.database] if form.database else []
        self._archive, self._members, self.left_out = form.archive, form.members, form.left_out

    def __len__(self) -> int:
        if not self._lmdb:
            return len(self._members)
        return lmdb_file.count(self.raw.path(self._lmdb[0]))

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        if self._lmdb:
            yield from self._values()
        elif self._archive:
            with opened_zip(self.raw.path(self._archive)) as archive:
                for key, name in self._members:
                    try:
                        content = member(archive, name)
                    except ValueError as error:
                        # One damaged picture among many is one reject, as it is in a folder.
                        content = Damaged(str(error))
                    yield key, f"{self._archive}:{name}", content
        else:
            for key, name in self._members:
                yield key, name, self.raw.read(name)

    def _values(self) -> Iterator[tuple[str, str, bytes]]:
        path = self.raw.path(self._lmdb[0])
        # All pages but the values' own, in seconds: nothing is made of a database that ends amid its keys.
        lmdb_file.check(path)
        for key, content in lmdb_file.values(path):
            # LMDB keeps keys in byte order, which is key order for ASCII.
            yield key.decode("ascii", errors="backslashreplace"), self._lmdb[0], content
