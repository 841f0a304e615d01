"""Where a training or a sampling runs, and how it is stopped and watched."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from stages.engine.world import World


@dataclass(frozen=True)
class Session:
    """What a stage hands on to whatever trains or samples in it: nothing here changes the result.

    `out` takes what is made, `resume` what a stopped stage goes on from; `stop()` says whether to save and end;
    `progress(done, total, text)` tells how far it is, and may end what keeps its finished parts, by raising.
    """

    world: World
    out: Path
    resume: Path
    stop: Callable[[], bool]
    progress: Callable[[int, int, str], None]
