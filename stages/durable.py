"""Files that are complete or absent whenever the machine stops, a power cut included."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def complete(path: Path, temporary: Path) -> Iterator[BinaryIO]:
    """A file that is written under a temporary name in its folder, and put in place when all of it is on the disk."""
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        # Only where the error says itself what fails: of any other a full disk is known by what fills it.
        temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Makes renames durable: the folder's own entries must reach the disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
