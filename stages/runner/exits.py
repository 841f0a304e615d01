"""Exit codes of a stage, and the failures that the runner itself raises."""

from stages.loading import ChangedCode, OtherCode
from stages.runner import memory

DONE = 0
BAD_INPUT = 65
MISSING = 69
BAD_OUTPUT = 70
INPUT_OUTPUT = 74
RETRY = 75
BAD_PARAMS = 78
# A run that signal n killed is logged with this + n, as shells say it.
KILLED = 128
MEANING = {
    DONE: "done",
    BAD_INPUT: "bad input",
    MISSING: "a package or data that the user must supply is missing",
    BAD_OUTPUT: "bad output",
    INPUT_OUTPUT: "disk full or not readable",
    RETRY: "stopped on request, or an input or the code was changed: run it again, it goes on",
    BAD_PARAMS: "bad parameters or arguments, or too large ones for the memory there is",
}


def meaning(code: int) -> str:
    """What a logged exit code says."""
    return MEANING.get(code, "killed by a signal" if code > KILLED else "a defect")


class StageFailure(Exception):
    """A failure with its exit code; the message is all that the user needs to see."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stopped(BaseException):
    """A signal asked the stage to stop; not an Exception, so that no stage catches it by accident."""


def code_of(failure: BaseException) -> int | None:
    """The exit code that a failure of a stage's own code means, or None for a defect that needs its traceback."""
    if isinstance(failure, StageFailure):
        return failure.code
    if isinstance(failure, ChangedCode):
        return RETRY
    if isinstance(failure, OtherCode):
        return BAD_PARAMS
    # To run it again would not help: it has to be made smaller, or moved.
    if memory.short(failure):
        return BAD_PARAMS
    if isinstance(failure, (FileNotFoundError, ModuleNotFoundError)):
        return MISSING
    if isinstance(failure, OSError):
        return INPUT_OUTPUT
    if isinstance(failure, FloatingPointError):
        return BAD_OUTPUT
    if isinstance(failure, ValueError):
        return BAD_INPUT
    return None
