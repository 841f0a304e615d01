"""A full disk, which every library reports in words of its own."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

SAYS_FULL = re.compile(r"no space left|disk is full|os error 28|MDB_MAP_FULL|quota exceeded", re.IGNORECASE)
# Less than this free is no room for any stage's next write.
LEAST_FREE_BYTES = 1 << 20
# Where a stage and the libraries under it write besides its output and its states.
BESIDE = (Path("results/receipts"), Path(".work"))


def full(failure: BaseException, folders: tuple[Path, ...]) -> str:
    """What to tell the user if a failure is that of a full disk, else nothing; to be asked before anything is removed.

    A failure that says so is believed. An error of the system or of no known kind is taken for one where a folder's
    file system has no room: torch, safetensors and numpy raise errors of their own that name neither space nor number.
    A folder is named only if its file system is short: a quota, or a disk that has room again, shows nowhere.
    """
    if not isinstance(failure, Exception):
        return ""
    unclear = isinstance(failure, (OSError, RuntimeError)) or type(failure).__module__ != "builtins"
    if SAYS_FULL.search(str(failure)):
        places = [*_named(failure), *folders, *BESIDE, Path(os.environ.get("TMPDIR") or "/tmp")]
        short = _short(places) or "the disk is full"
    elif unclear and not isinstance(failure, FileNotFoundError):
        short = _short(folders)
    else:
        short = ""
    return f"{short} ({failure}); make room and run it again" if short else ""


def _named(failure: BaseException) -> list[Path]:
    """The files that an error of the system speaks of."""
    names = (getattr(failure, "filename2", None), getattr(failure, "filename", None))
    return [Path(os.fsdecode(name)) for name in names if isinstance(name, (str, bytes))]


def _short(places: Iterable[Path]) -> str:
    """The first place whose file system has no room, and of what there is none; empty where all have some."""
    for place in places:
        there = next((one for one in (place, *place.absolute().parents) if os.path.lexists(one)), place)
        try:
            status = os.statvfs(there)
        except OSError:
            continue
        free = status.f_bavail * status.f_frsize
        if status.f_files and not status.f_favail:
            return f"the disk is full: no inodes are free where {place} lies, though {free >> 10} kB are"
        if free < LEAST_FREE_BYTES:
            return f"the disk is full: {free >> 10} kB free where {place} lies"
    return ""
