"""Where a raw set comes from: drawn here, or a user's own folder, which is only read; an optional one may be absent."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Literal

from stages.block import Block
from stages.data.files import write_json, write_table

Progress = Callable[[int, int], None]  # (done, total)


class RawBlock(Block):
    """What every raw set's block holds; `root` is the user's folder, relative to the project."""

    supply: Literal["drawn", "user", "none"]
    root: str
    seed: int
    faults: int


def list_user_files(root: str, name: str, layout: str, out: Path, progress: Progress | None = None) -> None:
    """Writes root.json and files.parquet (path, size, sha256; sorted by path) of a user's folder, without touching it.

    Raises: FileNotFoundError where the folder is missing or empty, ValueError for a root that is not relative.
    """
    pure = PurePosixPath(root)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(
            f"supply.{name}.root: expected a path in the project, came {root!r}; link your folder as data/{name}"
        )
    names = sorted(_walk(Path(root)))
    if not names:
        came = "an empty folder" if Path(root).is_dir() else "no such folder"
        raise FileNotFoundError(
            f"{root}: expected {name}, laid out as\n{layout}\ncame {came}; link or copy your files there"
        )
    sizes, digests = [], []
    for number, relative in enumerate(names, 1):
        with (Path(root) / relative).open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
            sizes.append(stream.tell())
        if progress:
            progress(number, len(names))
    write_table(out / "files.parquet", {"path": names, "size": sizes, "sha256": digests})
    write_json(out / "root.json", {"root": pure.as_posix()})


def note_absence(name: str, out: Path) -> None:
    """Writes absent.json: the user leaves an optional set out, and a stage that asks for it says so."""
    write_json(out / "absent.json", {"set": name, "supply": "none"})


def _walk(root: Path) -> list[str]:
    """Relative paths of all files; folders and files whose names begin with a dot are left out."""
    names = []
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names += [(Path(folder) / file).relative_to(root).as_posix() for file in files if not file.startswith(".")]
    return names
