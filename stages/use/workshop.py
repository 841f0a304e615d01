"""The hidden folder beside OUT in which everything is made, so that OUT is complete or absent."""

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.runner import lock
from stages.runner.live import birth

LOCK, MADE = "lock", "made"


@contextmanager
def workshop(out: Path) -> Iterator[Path]:
    """An empty folder on the same file system, gone afterwards; those of killed runs for the same OUT go first."""
    out.parent.mkdir(parents=True, exist_ok=True)
    _clear(out)
    place = out.parent / f".{out.name}.{os.getpid()}.tmp"
    place.mkdir()
    try:
        with (place / LOCK).open("w") as held:
            # Tells other machines and containers, where the process has no number, that this one lives.
            fcntl.flock(held, fcntl.LOCK_EX)
            (place / MADE).mkdir()
            yield place / MADE
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear(out: Path) -> None:
    """Removes what killed runs left; never a living one's, nor what looks otherwise and may be the user's own."""
    named = re.compile(rf"\.{re.escape(out.name)}\.(\d+)\.tmp")
    for path in sorted(out.parent.iterdir()):
        match = named.fullmatch(path.name)
        if match is None or path.is_symlink() or not path.is_dir():
            continue
        of_this_kind = {one.name for one in path.iterdir()} <= {LOCK, MADE}
        if of_this_kind and not birth(int(match[1])) and not lock.holder(path / LOCK):
            shutil.rmtree(path)
