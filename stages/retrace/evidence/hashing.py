"""Digests of many files at the disk's or the processor's speed, never from the hash cache."""

import hashlib
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

CHUNK_BYTES = 1 << 20
# hashlib lets other threads run while it works; two keep a core busy while the other waits for the disk.
THREADS = 2
LINE_SECONDS = 10.0


def digests(
    files: Sequence[tuple[str, int]], names: tuple[str, ...] = ("sha256",), progress: bool = False
) -> dict[str, tuple[str, ...] | OSError]:
    """The named digests of each (path, size), in hexadecimal, or the error that reading it gave."""
    found: dict[str, tuple[str, ...] | OSError] = {}
    waiting, guard = iter(files), threading.Lock()

    def work(tick: Callable[[int], None]) -> None:
        buffer = bytearray(CHUNK_BYTES)
        while True:
            with guard:
                item = next(waiting, None)
            if item is None:
                return
            try:
                found[item[0]] = _read(item[0], names, buffer, tick)
            except OSError as error:
                found[item[0]] = error

    with _meter(sum(size for _, size in files), progress) as tick:
        threads = [threading.Thread(target=work, args=(tick,)) for _ in range(min(THREADS, len(files)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return found


def _read(path: str, names: tuple[str, ...], buffer: bytearray, tick: Callable[[int], None]) -> tuple[str, ...]:
    hashes, view = [hashlib.new(name, usedforsecurity=False) for name in names], memoryview(buffer)
    with open(path, "rb", buffering=0) as stream:
        while count := stream.readinto(buffer):
            for made in hashes:
                made.update(view[:count])
            tick(count)
    return tuple(made.hexdigest() for made in hashes)


@contextmanager
def _meter(total: int, shown: bool) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal, a line now and then elsewhere; always on stderr, so that --json stays clean."""
    if not shown:
        yield lambda count: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("reading"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reading", total=total)
            yield lambda count: bar.advance(task, count)
    else:
        lines = _Lines(total)
        yield lines.tick


class _Lines:
    def __init__(self, total: int) -> None:
        self.total, self.done, self.last, self.guard = total, 0, time.monotonic(), threading.Lock()

    def tick(self, count: int) -> None:
        with self.guard:
            self.done += count
            if time.monotonic() - self.last > LINE_SECONDS:
                self.last = time.monotonic()
                print(f"read {self.done / 1e9:.1f} of {self.total / 1e9:.1f} GB", file=sys.stderr, flush=True)
