"""What a stage's function is given."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from stages.runner.exits import Stopped
from stages.runner.guard import Guard
from stages.runner.progress import Progress


@dataclass(frozen=True)
class Job:
    """One execution: parameters, inputs, where to write, and how to be interrupted.

    `out` is an empty temporary folder; the runner checks, hashes and publishes what is in it when the function returns.
    `resume` survives kills and belongs to this fingerprint alone; it is removed after success.
    `processes` is how many processes share the work; it never changes the result beyond summation order.
    """

    verb: str
    name: str
    choices: dict[str, str]
    module: ModuleType
    block: Any  # the Block of `module`, whose fields the verb knows
    inputs: dict[str, Path]
    out: Path
    files: tuple[str, ...]
    resume: Path
    fingerprint: str
    threads: int
    gpus: int
    processes: int
    progress: Progress
    guard: Guard

    def stopping(self) -> bool:
        """Whether a signal, or the death of the engine, asked this stage to stop."""
        return self.guard.requested

    def advance(self, done: int, total: int, text: str) -> None:
        """Tells how far the work is, and ends it if a stop was asked for: where what is finished is kept in `resume`.

        Raises: Stopped.
        """
        self.progress(done, total, text)
        if self.guard.requested:
            raise Stopped(f"what is finished of {total} {text} is kept")

    def deferred_stop(self) -> AbstractContextManager[None]:
        """Within this a request to stop only sets `stopping()`; outside it ends the stage at once."""
        return self.guard.deferred()
