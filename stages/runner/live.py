"""What a running stage is doing, for whoever watches: a small file under .work that goes when the stage ends."""

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

RUNNING = Path(".work/running")
EVERY_SECONDS = 2.0


class Live:
    """Writes where a stage stands; called as Progress is. Nothing depends on it, so a full disk does not matter."""

    def __init__(self, stage: str, resume: Path) -> None:
        self._path = RUNNING / f"{stage.replace('/', '~')}.json"
        self._content: dict[str, Any] = {
            "stage": stage,
            "pid": os.getpid(),
            "born": birth(os.getpid()),
            "started": time.time(),
            "log": _log(),
            "resume": resume.as_posix(),
        }
        self._first: tuple[int, float] | None = None
        self._last = 0.0
        self._write()

    def __call__(self, done: int, total: int, text: str) -> None:
        now = time.time()
        self._first = self._first or (done, now)
        if now - self._last >= EVERY_SECONDS or done >= total:
            self._last = now
            first, since = self._first
            # What was done before this run began says nothing about its speed.
            left_s = (total - done) * (now - since) / (done - first) if done > first else None
            self._content |= {"done": done, "total": total, "text": text, "left_s": left_s, "updated": now}
            self._write()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(self._content), encoding="utf-8")
            temporary.replace(self._path)


def birth(pid: int) -> str:
    """When a process began, in the kernel's ticks, by which it is told from a later one with its number; empty if gone.

    A process that has ended and waits for its parent counts as gone.
    """
    try:
        # The name of the program stands in brackets and may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _log() -> str:
    """The file that this process prints to, as seen from the project; empty for a terminal or a pipe."""
    with contextlib.suppress(OSError, ValueError):
        target = Path(os.readlink("/proc/self/fd/1"))
        if target.is_file():
            return target.relative_to(Path.cwd()).as_posix() if target.is_relative_to(Path.cwd()) else target.as_posix()
    return ""
