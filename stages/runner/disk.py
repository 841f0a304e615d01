"""A full disk, which every library reports in words of its own."""

import os
import re
from pathlib import Path

SAYS_FULL = re.compile(r"no space left|disk is full|os error 28|MDB_MAP_FULL|quota exceeded", re.IGNORECASE)
# Less than this free is no room for any stage's next write.
LEAST_FREE_BYTES = 1 << 20


def full(failure: BaseException, folders: tuple[Path, ...]) -> str:
    """What to tell the user if a failure is that of a full disk, else nothing; to be asked before anything is removed.

    A failure that says so is believed. An error of the system or of no known kind is taken for one where a folder's
    file system has no room: torch, safetensors and numpy raise errors of their own that name neither space nor number.
    """
    if not isinstance(failure, Exception):
        return ""
    room = {folder: _room(folder) for folder in folders}
    tight = [folder for folder in folders if room[folder] < LEAST_FREE_BYTES]
    unclear = isinstance(failure, (OSError, RuntimeError)) or type(failure).__module__ != "builtins"
    if not SAYS_FULL.search(str(failure)) and not (tight and unclear and not isinstance(failure, FileNotFoundError)):
        return ""
    folder = min(room, key=lambda one: room[one])
    return f"the disk is full: {room[folder] >> 10} kB free where {folder} lies ({failure}); make room and run it again"


def _room(folder: Path) -> int:
    """Bytes that this user may still write; none without a free inode, and no limit where there is no folder."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return 1 << 62
    return 0 if status.f_files and not status.f_favail else status.f_bavail * status.f_frsize
