"""Access to a raw dataset: drawn files, or a verified list of the user's files."""

import hashlib
import os
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

from stages.data.files import read_json, read_table

# What engines and the runner leave beside a stage's output.
_FOREIGN = {"receipt.json", ".gitignore", ".snakemake_timestamp", "root.json", "files.parquet"}


def unlisted(raw: "RawFolder", names: Iterable[str]) -> list[str]:
    """Files beside the named ones (in the same folders) that are not named themselves, sorted."""
    known = set(names)
    folders = {name.rpartition("/")[0] for name in known}
    return [name for name in raw.files() if name.rpartition("/")[0] in folders and name not in known]


class RawFolder:
    """A raw dataset: either the files themselves, or `root.json` and `files.parquet` that point into the user's folder.

    In the second form every read compares size and sha256 with the list, so a file changed after `render` is noticed.
    """

    def __init__(self, root: Path, listed: dict[str, tuple[int, str]] | None) -> None:
        self.root = root
        self._listed = listed
        self._verified: set[str] = set()

    @classmethod
    def open(cls, path: Path) -> "RawFolder":
        """Opens a raw folder in either form. Raises: FileNotFoundError where folder, list or user's root is missing."""
        path = Path(path)
        if not path.is_dir():
            raise FileNotFoundError(f"{path}: expected a raw dataset folder; run its render stage")
        if not (path / "root.json").is_file():
            return cls(path, None)
        root = Path(read_json(path / "root.json")["root"])
        if not root.is_dir():
            raise FileNotFoundError(f"{root}: expected the dataset's own files here, as listed in {path}/files.parquet")
        table = read_table(path / "files.parquet")
        listed = zip(table["path"], table["size"].tolist(), table["sha256"], strict=True)
        return cls(root, {name: (size, digest) for name, size, digest in listed})

    @cached_property
    def _names(self) -> list[str]:
        if self._listed is not None:
            return sorted(self._listed)
        names = []
        for folder, folders, files in os.walk(self.root, followlinks=True):
            folders[:] = [name for name in folders if not name.startswith(".")]
            base = PurePosixPath(Path(folder).relative_to(self.root).as_posix())
            names += [(base / name).as_posix() for name in files if base.name or name not in _FOREIGN]
        return sorted(names)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._names)

    def files(self, prefix: str = "") -> list[str]:
        """Relative paths that start with `prefix`, sorted."""
        return [name for name in self._names if name.startswith(prefix)]

    def exists(self, relative: str) -> bool:
        """Whether the dataset has this file."""
        return relative in self._known

    def path(self, relative: str) -> Path:
        """The file's path, verified once. Raises: FileNotFoundError, or ValueError where it differs from the list."""
        path = self._locate(relative)
        if self._listed is not None and relative not in self._verified:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            self._compare(relative, self._listed[relative], (path.stat().st_size, digest))
            self._verified.add(relative)
        return path

    def read(self, relative: str) -> bytes:
        """The file's bytes, verified on each read. Raises: as `path`."""
        content = self._locate(relative).read_bytes()
        if self._listed is not None:
            self._compare(relative, self._listed[relative], (len(content), hashlib.sha256(content).hexdigest()))
        return content

    def text(self, relative: str) -> str:
        """The file's UTF-8 text. Raises: as `path`, and ValueError where it is not UTF-8."""
        try:
            return self.read(relative).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.root / relative}: expected UTF-8 text, came other bytes ({error})") from error

    def first(self, *candidates: str) -> str | None:
        """The first of the candidates that the dataset has."""
        return next((name for name in candidates if self.exists(name)), None)

    def _locate(self, relative: str) -> Path:
        pure = PurePosixPath(relative)
        if pure.is_absolute() or ".." in pure.parts:
            raise ValueError(f"expected a path inside {self.root}, came {relative!r}")
        path = self.root / relative
        if not self.exists(relative) or not path.is_file():
            raise FileNotFoundError(
                f"{path}: expected this file of the dataset; restore it, or render the dataset anew"
            )
        return path

    def _compare(self, relative: str, listed: tuple[int, str], found: tuple[int, str]) -> None:
        if found != listed:
            raise ValueError(
                f"{self.root / relative}: expected {listed[0]} bytes with sha256 {listed[1]}, "
                f"as listed by render, came {found[0]} bytes with {found[1]}; restore the file, or render the dataset "
                "anew"
            )
