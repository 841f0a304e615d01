"""Where a command of `retrace` was called, and what the paths on its line mean in the project's root."""

import os
from pathlib import Path
from typing import NoReturn

import typer

from stages.retrace.answer import ENVIRONMENT, USAGE


def path(file: str) -> str:
    """An absolute path for what lies in the file system; a link in its last part is itself meant, not its target."""
    if not os.path.lexists(file):
        return file
    place = Path(os.path.abspath(file))
    return (place.parent.resolve() / place.name).as_posix() if place.name else place.as_posix()


def named(file: str | None) -> str | None:
    """An absolute path for what a word names, whether it is there or not; nothing stays nothing."""
    return None if file is None else Path(os.path.abspath(here() / file)).as_posix()


def out(folder: str) -> str:
    """An absolute path for a folder that may not be there yet."""
    return (here() / folder).resolve().as_posix()


def targets(words: list[str] | None) -> list[str]:
    """Files by their paths from the root, wherever the command is called; other words as they are."""
    top = root()
    pairs = [(word, Path(path(word))) for word in words or []]
    return [place.relative_to(top).as_posix() if place.is_relative_to(top) else word for word, place in pairs]


def root() -> Path:
    from stages.runner import project

    place = here()
    if (found := project.root_above(place)) is None:
        stop(USAGE, f"expected a project of Retrace here or in a folder above; this is {place}: "
                    f"{project.remedy(place)}")  # fmt: skip
    return found


def here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:
        stop(ENVIRONMENT, "expected a current folder, but it was removed: cd to the project")


def stop(code: int, message: str) -> NoReturn:
    """Ends the command with a message on stderr."""
    from stages.runner import terminal

    typer.echo(terminal.safe(message), err=True)
    raise typer.Exit(code)
