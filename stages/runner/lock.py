"""One execution of a stage at a time, whoever starts it: both engines, or a user by hand."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.runner import terminal

LOCKS = Path(".work/locks")
POLL_SECONDS = 0.2
# Of a lock's text, `PROCESS on HOST`; a host's name has 64 characters at most.
SAID = 100


def place(stage: str) -> Path:
    """Where a stage's lock lies."""
    return LOCKS / f"{stage.replace('/', '~')}.lock"


@contextmanager
def stage_lock(stage: str) -> Iterator[None]:
    """Holds the stage's lock; waits, saying so once, while another process holds it. The kernel frees it on death."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    path, said = place(stage), False
    while True:
        with path.open("a+") as handle:
            said = _wait(handle, stage, said)
            # Removed while this waited: whoever makes the file anew would hold another lock.
            if not lies_at(handle, path):
                continue
            handle.seek(0)
            handle.truncate()
            handle.write(f"{os.getpid()} on {os.uname().nodename}\n")
            handle.flush()
            yield
            return


def last(path: Path) -> str:
    """The process that took a lock last, as it wrote itself into it; empty where nobody did."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8", errors="replace") as handle:
        return handle.read(SAID).strip()


def holder(path: Path) -> str:
    """The process that holds a lock, as it wrote itself into it; empty where nobody does, or where no lock lies."""
    if not path.is_file():
        return ""
    with path.open("r", encoding="utf-8", errors="replace") as handle:
        try:
            # Shared, so that two who look do not take each other for the holder.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle.read(SAID).strip() or "unknown"
    return ""


def is_run_of(process: int, out: Path) -> bool:
    """Whether another process that lives here makes an output, whatever became of its lock."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
        here = os.path.samefile(f"/proc/{process}/cwd", ".")
    except OSError:
        return False
    return here and process != os.getpid() and os.fsencode(out) in words


def lies_at(handle, path: Path) -> bool:
    """Whether an open file is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _wait(handle, stage: str, said: bool) -> bool:
    """Takes the lock. Returns whether it has said that it waits."""
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return said
        except BlockingIOError:
            if not said:
                handle.seek(0)
                name = handle.read(SAID).strip() or "another process"
                print(terminal.safe(f"{stage}: process {name} is making this; waiting for it"), flush=True)
                said = True
            time.sleep(POLL_SECONDS)
