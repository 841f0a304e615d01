"""The one list of what lies in a user's folder; whoever reads such a folder goes by it."""

import errno
import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from stages.data import junk

# A folder that links make appear more often than this is a maze: each level of two links doubles it.
MOST_PLACES = 16
KINDS = {stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device"}


@dataclass(frozen=True)
class Listing:
    """Files by relative path, sorted, and how many entries of each kind are left out; a folder counts as one."""

    files: list[str] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)


def list_folder(root: Path) -> Listing:
    """All files under a folder, links followed, in the order of their paths; what `junk` names is left out and counted.

    Raises: FileNotFoundError for a folder or link that leads nowhere; ValueError for what cannot be read whole: an
    entry without rights, a link to a folder that holds it, a pipe, socket or device, a name that is not plain text.
    """
    walk = _Walk()
    files = sorted(walk.files(os.fspath(root)))
    return Listing(files, junk.counted(walk.left_out))


def refuse_name(name: str, place: str) -> None:
    """A name has to stand in tables, lists and messages. Raises: ValueError for one that cannot."""
    if not _is_plain(name):
        raise ValueError(f"{shown(place)}: expected a name of printable UTF-8, came {os.fsencode(name)!r}; rename it")


def shown(path: str | os.PathLike) -> str:
    """A path as any terminal and log can take it."""
    return "".join(letter if _is_plain(letter) else ascii(letter)[1:-1] for letter in os.fspath(path))


def _is_plain(text: str) -> bool:
    # Control characters; surrogates, by which Python spells the bytes of a name that is not UTF-8.
    return text.isprintable() or not any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text)


@dataclass(frozen=True)
class _Folder:
    """A folder on the way down: its path, its path below the root with / behind, and where it really lies."""

    path: str
    prefix: str
    real: str


class _Walk:
    def __init__(self) -> None:
        self.left_out: list[str] = []
        self.links: defaultdict[str, list[str]] = defaultdict(list)  # folder that links lead to -> their paths

    def files(self, root: str) -> Iterator[str]:
        # A stack of its own: folders may lie deeper than Python calls may.
        waiting: list[tuple[_Folder, ...]] = [(_Folder(root, "", os.path.realpath(root)),)]
        while waiting:
            way = waiting.pop()
            folder = way[-1]
            try:
                entries = sorted(os.scandir(folder.path), key=lambda entry: entry.name)
            except OSError as error:
                raise _refusal(error, folder.path, "a folder that may be listed") from error
            for entry in entries:
                # What is left out is not looked into: nobody but root may enter lost+found.
                if kind := junk.kind_of(entry.name, _is_folder(entry)):
                    self.left_out.append(kind)
                    continue
                refuse_name(entry.name, entry.path)
                try:
                    if self.is_file(entry):
                        yield folder.prefix + entry.name
                        continue
                except OSError as error:
                    raise _refusal(error, entry.path, "a file that may be read") from error
                real = self.target(entry, way) if entry.is_symlink() else f"{folder.real}/{entry.name}"
                waiting.append((*way, _Folder(entry.path, f"{folder.prefix}{entry.name}/", real)))

    def is_file(self, entry: os.DirEntry) -> bool:
        """Whether an entry is a file that may be read, or a folder. Raises: OSError, or ValueError for another kind."""
        if entry.is_dir():
            return False
        if not entry.is_file(follow_symlinks=False):
            mode = os.stat(entry.path).st_mode
            if not stat.S_ISREG(mode):
                kind = KINDS.get(stat.S_IFMT(mode), "neither")
                raise ValueError(f"{shown(entry.path)}: expected a file or a folder, came {kind}; remove it")
        if not os.access(entry.path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), entry.path)
        return True

    def target(self, entry: os.DirEntry, way: tuple[_Folder, ...]) -> str:
        """Where a link to a folder leads. Asked before it is followed: one to / would list the whole machine first.

        Raises: ValueError for a folder that holds the link, or that too many links lead to.
        """
        real = os.path.realpath(entry.path)
        if any(f"{one.real}/".startswith(f"{real.rstrip('/')}/") for one in way):
            raise ValueError(
                f"{shown(entry.path)}: expected a link to a folder of its own, came a link to {shown(real)}, in which "
                "the link itself lies; remove it"
            )
        places = self.links[real]
        places.append(entry.path)
        if len(places) > MOST_PLACES:
            raise ValueError(
                f"{shown(entry.path)}: expected few links to one folder, came {len(places)} to {shown(real)}, the "
                f"first {shown(places[0])}; remove those that repeat it"
            )
        return real


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _refusal(error: OSError, path: str, wanted: str) -> FileNotFoundError | ValueError:
    place, link = shown(path), os.path.islink(path)
    if error.errno == errno.ELOOP:
        target = shown(os.readlink(path)) if link else place
        return ValueError(f"{place}: expected {wanted}, came a link to itself, by way of {target}; remove it")
    if isinstance(error, FileNotFoundError) and link:
        target = shown(os.readlink(path))
        return FileNotFoundError(
            f"{place}: expected {wanted}, came a link to {target}, where nothing is; restore that, or remove the link"
        )
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(f"{place}: expected {wanted}, came nothing there; link or copy your files there")
    if isinstance(error, PermissionError):
        return ValueError(f"{place}: expected {wanted}, came one without the right to ({error.strerror}); chmod it")
    return ValueError(f"{place}: expected {wanted}, came {error.strerror}; restore it, or remove it")
