"""A whole training, through a stop where asked: what papers ask to leave the same bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stages.engine.loop import train
from stages.engine.session import Session
from stages.engine.state import Interrupted
from stages.engine.world import World


def train_through(opened: Callable[[], tuple[Any, Any]], block: Any, out: Path, stops_after: int) -> None:
    """Trains into `out` (method, source) as `opened` gives them, anew behind a stop after so many steps (-1: none)."""
    (out / "resume").mkdir(parents=True)
    for stop in ([stops_after] if stops_after >= 0 else []) + [-1]:
        seen: list[None] = []

        def stopping(seen=seen, stop=stop) -> bool:
            seen.append(None)
            return len(seen) - 1 == stop

        method, source = opened()
        session = Session(World.single(), out, out / "resume", stopping, lambda *words: None)
        if stop >= 0:
            with pytest.raises(Interrupted):
                train(method, source, block, 0, session)
        else:
            train(method, source, block, 0, session)
