"""Inputs have to stay while a stage reads them: another engine, or a hand, may make them anew meanwhile."""

import os
from collections.abc import Mapping
from pathlib import Path

from stages.runner.digest import IGNORED
from stages.runner.exits import RETRY, StageFailure

Looks = dict[str, tuple[int, ...]]


def look(path: Path) -> Looks:
    """Inode, size in bytes and time of change in ns of an input file, or of each file in an input folder.

    Of a link also those of what it leads to. Its receipt counts, since every execution writes a new one; the marks that
    engines leave do not.
    """
    found: Looks = {}
    files = [path] if path.is_file() else [Path(root, name) for root, _, names in os.walk(path) for name in names]
    for file in files:
        if file.name in IGNORED - {"receipt.json"}:
            continue
        # What a link to nothing is worth is said where it is hashed.
        seen = [file.lstat(), file.stat()] if file.is_symlink() and file.exists() else [file.lstat()]
        found[file.as_posix()] = tuple(n for one in seen for n in (one.st_ino, one.st_size, one.st_mtime_ns))
    return found


def look_at(inputs: Mapping[str, Path]) -> dict[str, Looks]:
    """All inputs of a stage, before they are hashed."""
    return {name: look(path) for name, path in inputs.items()}


def refuse_if_changed(inputs: Mapping[str, Path], before: Mapping[str, Looks]) -> None:
    """What was read is what the receipt names only if nothing was replaced since `look_at`, by equal bytes or others.

    Raises: StageFailure 75 naming the input.
    """
    for name, path in inputs.items():
        try:
            changed = look(path) != before[name]
        except FileNotFoundError:
            changed = True
        if changed:
            raise StageFailure(
                RETRY, f"input {name}: {path} was made anew or changed while this stage read it; run this stage again"
            )
