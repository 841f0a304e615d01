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


@contextmanager
def stage_lock(stage: str) -> Iterator[None]:
    """Holds the stage's lock; waits, saying so once, while another process holds it. The kernel frees it on death."""
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / f"{stage.replace('/', '~')}.lock").open("a+") as handle:
        _wait(handle, stage)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        yield


def _wait(handle, stage: str) -> None:
    said = False
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if not said:
                handle.seek(0)
                holder = handle.read().strip() or "another process"
                print(terminal.safe(f"{stage}: process {holder} is making this; waiting for it"), flush=True)
                said = True
            time.sleep(POLL_SECONDS)
