"""Signals and the death of the engine: a stage never outlives who asked for it, and stops in good order."""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stages.runner.exits import Stopped

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
POLL_SECONDS = 1.0
# Long enough to write the state of a large model; an orphan that hangs longer is killed.
GRACE_SECONDS = 120.0
PR_SET_PDEATHSIG = 1


class Guard:
    """Turns a signal, or the death of parent or grandparent, into a request to stop."""

    def __init__(self) -> None:
        self.requested = False
        self.out_of_time = False
        self._deferred = False

    def start(self) -> None:
        """Installs the handlers and watches the processes that started this one."""
        for number in SIGNALS:
            signal.signal(number, self._on_signal)
        watched = _ancestors(2)
        if sys.platform == "linux":
            ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if watched:
            threading.Thread(target=self._watch, args=(watched,), daemon=True).start()

    def _on_signal(self, number: int, frame: object) -> None:
        first = not self.requested
        self.requested = True
        if not self._deferred and first:
            raise Stopped(f"signal {signal.Signals(number).name}")

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Within this, a signal only sets the flag: the work looks at it where it can save its state."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    def ask_to_save(self) -> bool:
        """Requests a stop of work that would save its state, since the time that a scheduler gave runs out.

        Returns whether there was such work: any other would only lose the time that is left.
        """
        if self._deferred and not self.requested:
            self.requested = self.out_of_time = True
        return self._deferred

    def _watch(self, watched: list[tuple[int, str]]) -> None:
        while all(_alive(*process) for process in watched):
            time.sleep(POLL_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)


def _ancestors(depth: int) -> list[tuple[int, str]]:
    """(pid, start time) of parent and grandparent; init and its direct children are nobody's engine."""
    found: list[tuple[int, str]] = []
    process = os.getppid()
    while len(found) < depth and process > 1:
        status = _status(process)
        if status is None:
            break
        found.append((process, status[19]))
        process = int(status[1])
    return found


def _status(process: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on (state, parent, …, start time at 19); None when it is gone."""
    try:
        text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _alive(process: int, started: str) -> bool:
    status = _status(process)
    return status is not None and status[0] != "Z" and status[19] == started
