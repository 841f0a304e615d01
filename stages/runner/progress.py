"""Progress of long work: a live bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable

from stages.runner import terminal

LINE_SECONDS = 10.0


class Progress:
    """Called as progress(done, total, text); cheap enough to call at every step."""

    def __init__(self, label: str, watcher: Callable[[int, int, str], None] | None = None) -> None:
        self._label, self._watcher = terminal.safe(label), watcher
        self._started = time.monotonic()
        self._last = 0.0
        self._bar = None

    def __call__(self, done: int, total: int, text: str = "") -> None:
        if self._watcher is not None:
            self._watcher(done, total, text)
        text = terminal.safe(text)
        if sys.stderr.isatty():
            self._draw(done, total, text)
            return
        now = time.monotonic()
        if done >= total or now - self._last >= LINE_SECONDS:
            self._last = now
            elapsed_s = now - self._started
            print(f"{self._label}: {done}/{total} after {elapsed_s:.0f} s  {text}".rstrip(), flush=True)

    def _draw(self, done: int, total: int, text: str) -> None:
        if self._bar is None:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = [
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            ]
            self._bar = Bar(*columns, TextColumn("{task.fields[text]}", markup=False), console=Console(stderr=True))
            self._bar.start()
            self._bar.add_task(self._label, total=total, text=text)
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, text=text)

    def close(self) -> None:
        """Ends the live bar, if there is one."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
