"""Where a raw set comes from: drawn here, or a user's own folder, which is only read; an optional one may be absent."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Literal

from stages.block import Block
from stages.data import junk
from stages.data.archive import list_members
from stages.data.files import write_json, write_table
from stages.data.walk import Listing, list_folder

Progress = Callable[[int, int], None]  # (done, total)


class RawBlock(Block):
    """What every raw set's block holds; `root` is the user's folder, relative to the project."""

    supply: Literal["drawn", "user", "none"]
    root: str
    seed: int
    faults: int


def list_user_files(root: str, name: str, layout: str, out: Path, progress: Progress | None = None) -> None:
    """Writes root.json and files.parquet (path, size, sha256; sorted by path) of a user's folder, without touching it.

    left_out.json counts by kind what systems and servers left there, which is no part of the set.
    Raises: FileNotFoundError where the folder is missing or empty, ValueError for a root that is not relative, and as
    list_folder.
    """
    pure = PurePosixPath(root)
    if pure.is_absolute() or ".." in pure.parts:
        raise ValueError(
            f"supply.{name}.root: expected a path in the project, came {root!r}; link your folder as data/{name}"
        )
    is_folder = os.path.isdir(root)
    listing = list_folder(Path(root)) if is_folder else Listing()
    names = listing.files
    if not names:
        came = "an empty folder" if is_folder else "no such folder"
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
    left_out = listing.left_out | _left_in_zips(Path(root), names)
    write_json(out / "left_out.json", left_out)
    if left_out:
        print(f"{root}: {junk.said(left_out)}", flush=True)


def _left_in_zips(root: Path, names: list[str]) -> dict[str, int]:
    found = {}
    for name in names:
        if name.lower().endswith(".zip"):
            # A zip that does not open is a file like others, unless the set's reader reads it, which then says so.
            with contextlib.suppress(ValueError):
                found |= {f"{name}: {kind}": count for kind, count in list_members(root / name).left_out.items()}
    return found


def note_absence(name: str, out: Path) -> None:
    """Writes absent.json: the user leaves an optional set out, and a stage that asks for it says so."""
    write_json(out / "absent.json", {"set": name, "supply": "none"})
