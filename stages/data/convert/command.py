"""How a command that converts begins, with what the user gives, and ends, with its result or a stage's exit code."""

import sys
from collections.abc import Callable
from pathlib import Path

from stages.data.raw import RawFolder
from stages.data.reading import member, zip_of

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


def opened(source: Path, what: str) -> tuple[list[str], Callable[[str], bytes]]:
    """The names in a folder or a zip, and a function that reads one; nothing is unpacked.

    Raises: FileNotFoundError; ValueError naming the source, and as `walk.list_folder`.
    """
    if source.is_dir():
        raw = RawFolder.of_user(source)
        return raw.files(), raw.read
    if not source.is_file():
        raise FileNotFoundError(f"{source}: expected a folder or a zip with {what}, came no such file")
    archive = zip_of(source)
    return archive.namelist(), lambda name: member(archive, name)
