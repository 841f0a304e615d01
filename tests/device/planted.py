"""Faults planted in the stages themselves: a move to the device left out, a move back to the CPU too much."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from torch import Tensor

from tests.device.far import Far

Place = tuple[str, int]  # file below stages, line
STAGES = Path(__file__).resolve().parents[2] / "stages"


@contextmanager
def moves(found: set[Place]) -> Iterator[None]:
    """Notes where in the stages something is moved to the device."""
    with _each_move(lambda place: found.add(place)):
        yield


@contextmanager
def without_the_move(place: Place) -> Iterator[None]:
    """As if the `.to` of this place had been forgotten."""
    with _each_move(lambda now: now == place):
        yield


@contextmanager
def _each_move(leave_out) -> Iterator[None]:
    real = Tensor.to

    def to(tensor: Tensor, *words, **named):
        moved = real(tensor, *words, **named)
        return tensor if isinstance(moved, Far) and not isinstance(tensor, Far) and leave_out(_place()) else moved

    with mock.patch.object(Tensor, "to", to):
        yield


def _place() -> Place | None:
    """The line of a stage's code that asked for this, through whatever of torch."""
    frame = sys._getframe(2)
    while frame is not None:
        file = Path(frame.f_code.co_filename)
        if "/stages/" in frame.f_code.co_filename:
            return file.as_posix().rpartition("/stages/")[2], frame.f_lineno
        frame = frame.f_back
    return None
