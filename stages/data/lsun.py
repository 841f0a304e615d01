"""LSUN objects: an LMDB, an exported tree of images, or a zip of images, behind one iterator in key order."""

import zipfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import PurePosixPath

from stages.data.raw import RawFolder

LAYOUT = """
  data.mdb and lock.mdb (or one folder with them)     key = 40 hex characters, value = encoded image bytes
  or <k[0]>/<k[1]>/.../<k[5]>/<key>.webp              the official export, or all in one folder
  or one .zip of such images"""
_SUFFIXES = (".webp", ".jpg", ".jpeg", ".png")


class LsunImages:
    """Iterates over (key, source, content) in key order; `len` is the number of stored values.

    Raises: FileNotFoundError with the layout where none of the forms is there, ValueError for a key that comes twice.
    """

    def __init__(self, raw: RawFolder) -> None:
        self.raw = raw
        names = raw.files()
        self._lmdb = [name for name in names if PurePosixPath(name).name == "data.mdb"]
        archives = [name for name in names if name.endswith(".zip")]
        images = [name for name in names if name.lower().endswith(_SUFFIXES)]
        self._archive = None
        self._members: list[tuple[str, str]] = []
        if self._lmdb:
            if len(self._lmdb) > 1:
                raise ValueError(f"{raw.root}: expected one LMDB, came {self._lmdb}")
        elif images:
            self._members = _keyed(raw, images)
        elif len(archives) == 1:
            self._archive = archives[0]
            self._members = _keyed(raw, self._zip_names(self._archive))
        else:
            raise FileNotFoundError(
                f"{raw.root}: expected LSUN objects in one of these forms{LAYOUT}\ncame {names[:5]}"
            )

    def __len__(self) -> int:
        if not self._lmdb:
            return len(self._members)
        with self._environment() as environment:
            return environment.stat()["entries"]

    def __iter__(self) -> Iterator[tuple[str, str, bytes]]:
        if self._lmdb:
            yield from self._values()
        elif self._archive:
            with zipfile.ZipFile(self.raw.path(self._archive)) as archive:
                for key, name in self._members:
                    yield key, f"{self._archive}:{name}", _member(archive, name)
        else:
            for key, name in self._members:
                yield key, name, self.raw.read(name)

    def _values(self) -> Iterator[tuple[str, str, bytes]]:
        with self._environment() as environment, environment.begin(buffers=False) as transaction:
            for key, content in transaction.cursor():
                # LMDB keeps keys in byte order, which is key order for ASCII.
                text = key.decode("ascii", errors="backslashreplace")
                yield text, self._lmdb[0], content

    def _environment(self):  # -> lmdb.Environment; lmdb is imported only where it is needed
        import lmdb

        path = self.raw.path(self._lmdb[0])
        try:
            return lmdb.open(str(path.parent), readonly=True, lock=False, readahead=False, max_readers=1)
        except lmdb.Error as error:
            raise ValueError(f"{path}: expected an LMDB data file, came one that does not open ({error})") from error

    def _zip_names(self, name: str) -> list[str]:
        path = self.raw.path(name)
        try:
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        except zipfile.BadZipFile as error:
            raise ValueError(f"{path}: expected a zip of images, came a file that does not open ({error})") from error
        if any(PurePosixPath(name).name == "data.mdb" for name in names):
            raise FileNotFoundError(
                f"{path}: expected images in the zip, came an LMDB; unzip it beside the zip{LAYOUT}"
            )
        return [name for name in names if name.lower().endswith(_SUFFIXES)]


def _keyed(raw: RawFolder, names: list[str]) -> list[tuple[str, str]]:
    members = sorted((PurePosixPath(name).stem, name) for name in names)
    if not members:
        raise FileNotFoundError(f"{raw.root}: expected LSUN objects in one of these forms{LAYOUT}\ncame no image")
    for (key, name), (following, other) in pairwise(members):
        if key == following:
            raise ValueError(f"{raw.root}: expected each key once, came {key} as {name} and {other}; remove one")
    return members


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        return archive.read(name)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(f"{archive.filename}: expected to read {name}, came damaged data ({error})") from error
