"""Work that is ended at random moments and gone on with: by an error between two items, or by a signal at any time."""

import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from stages.engine.going import Going
from tests.engine.toy import FORK


def going(out: Path, tell: Any = lambda *words: None) -> Going:
    """A progress that nobody reads; what is kept lies beside the output."""
    return Going(tell, out.with_name(f"{out.name} resume"))


MOST_TRIES = 200


class Ended(BaseException):
    """Stands for a stop: not an Exception, as the runner's own is none."""


class Ending:
    """A progress that ends the work at its n-th call, and counts all calls."""

    def __init__(self, at: int | None) -> None:
        self.left, self.calls = at, 0

    def __call__(self, done: int, total: int, text: str = "") -> None:
        self.calls += 1
        if self.left is not None and self.calls > self.left:
            raise Ended(text)


def ended_often(work: Callable[[Ending], None], name: str, most: int) -> list[int]:
    """Runs work, each time ended after a random number of calls up to `most`, until it comes through; calls of each."""
    chosen, calls = random.Random(name), []
    while True:
        assert len(calls) < MOST_TRIES, f"{name} does not come further: {calls[-5:]} calls in the last runs"
        ending = Ending(chosen.randrange(most + 1))
        try:
            work(ending)
        except Ended:
            calls.append(ending.calls - 1)
            continue
        return [*calls, ending.calls]


def killed_often(work: Callable[[], None], name: str, first_s: float) -> int:
    """Runs work in forked processes, each killed at a random moment, later and later, until it comes through.

    How many were killed.
    """
    chosen, killed = random.Random(name), 0
    while True:
        process = FORK.Process(target=_killed, args=(work, first_s * (1 + killed) * chosen.random()))
        process.start()
        process.join()
        if process.exitcode == 0:
            return killed
        assert process.exitcode == -signal.SIGALRM, process.exitcode
        killed += 1


def _killed(work: Callable[[], None], after_s: float) -> None:
    # As sudden as SIGKILL, and delivered by the system itself at that moment.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, max(after_s, 1e-3))
    work()
    signal.setitimer(signal.ITIMER_REAL, 0)
    os._exit(0)


def same_bytes_after_kills(run: Callable[[Path, Ending], object], folder: Path, name: str) -> None:
    """Asserts that a run which is killed at random moments, at least once, leaves the files of one that is not."""
    run(folder / "whole", Ending(None))
    # Timed behind all imports, so that the first kill comes before the end on any machine.
    started = time.perf_counter()
    run(folder / "timed", Ending(None))
    first_s = (time.perf_counter() - started) / 8

    def work() -> None:
        # The threads of the process that was forked are not there.
        torch.set_num_threads(1)
        run(folder / "out", Ending(None))

    assert killed_often(work, name, first_s) > 0
    assert files_of(folder / "out") == files_of(folder / "whole")


def files_of(folder: Path) -> dict[str, bytes]:
    """The bytes of all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
