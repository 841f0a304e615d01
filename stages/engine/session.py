"""Where a training runs, and how it is stopped and watched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages.engine.world import World


@dataclass(frozen=True)
class Session:
    """What a stage hands on to whatever trains in it: nothing here changes the result.

    `out` takes what is learned, `resume` the states that a stopped training goes on from; `stop()` says whether to save
    and end; `progress(done, total, text)` tells how far it is.
    """

    world: World
    out: Path
    resume: Path
    stop: Callable[[], bool]
    progress: Callable[[int, int, str], None]
