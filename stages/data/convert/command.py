"""How a command that converts ends: with its result, or with a message and the exit code that a stage would have."""

import sys
from collections.abc import Callable

BAD_INPUT, MISSING, INPUT_OUTPUT = 65, 69, 74


def end(work: Callable[[], str]) -> None:
    """Prints what `work` returns; what is wrong with the user's files is a message and no traceback."""
    code, told = 0, ""
    try:
        told = work()
    except FileNotFoundError as error:
        code, told = MISSING, str(error)
    except ValueError as error:
        code, told = BAD_INPUT, str(error)
    except OSError as error:
        code, told = INPUT_OUTPUT, str(error)
    print(told, file=sys.stderr if code else sys.stdout)
    sys.exit(code)
