"""Access to a raw dataset: drawn files, or a verified list of the user's files."""

import hashlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path, PurePosixPath

from stages.data import sizes
from stages.data.files import read_json, read_table
from stages.data.walk import list_folder

# What engines and the runner leave beside a stage's output.
_FOREIGN = {"receipt.json", "root.json", "files.parquet"}


def unlisted(raw: "RawFolder", names: Iterable[str]) -> list[str]:
    """Files beside the named ones (in the same folders) that are not named themselves, sorted."""
    known = set(names)
    folders = {name.rpartition("/")[0] for name in known}
    return [name for name in raw.files() if name.rpartition("/")[0] in folders and name not in known]


def _small_suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{stem}{dot}{suffix.lower()}"


class RawFolder:
    """A raw dataset: either the files themselves, or `root.json` and `files.parquet` that point into the user's folder.

    In the second form every read compares size and sha256 with the list, so a file changed after `render` is noticed.
    """

    def __init__(self, root: Path, listed: dict[str, tuple[int, str]] | None) -> None:
        self.root = root
        self._listed = listed
        self._verified: set[str] = set()
        self.left_out: dict[str, int] = {}

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

    @classmethod
    def of_user(cls, root: Path) -> "RawFolder":
        """A user's own folder before `render` listed it. Raises: as list_folder."""
        raw, listing = cls(Path(root), None), list_folder(Path(root))
        raw._names, raw.left_out = listing.files, listing.left_out
        return raw

    @cached_property
    def _names(self) -> list[str]:
        if self._listed is not None:
            return sorted(self._listed)
        return [name for name in list_folder(self.root).files if name not in _FOREIGN]

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._names)

    @cached_property
    def _by_suffix(self) -> dict[str, list[str]]:
        """Names by what they are with a suffix in small letters."""
        found: dict[str, list[str]] = {}
        for name in self._names:
            found.setdefault(_small_suffix(name), []).append(name)
        return found

    def without(self, *folders: str) -> "RawFolder":
        """The same dataset as if nothing lay in some folders, given with / behind; only names are left out."""
        seen = RawFolder(self.root, self._listed)
        seen._names, seen.left_out = [name for name in self._names if not name.startswith(folders)], self.left_out
        return seen

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
        path = self._locate(relative)
        if self._listed is not None and path.stat().st_size != self._listed[relative][0]:
            raise self._other(relative, f"{path.stat().st_size} bytes")
        content = sizes.content(path)
        if self._listed is not None:
            self._compare(relative, self._listed[relative], (len(content), hashlib.sha256(content).hexdigest()))
        return content

    def text(self, relative: str) -> str:
        """The file's UTF-8 text. Raises: as `path`, and ValueError where it is not UTF-8."""
        try:
            return self.read(relative).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"{self.root / relative}: expected UTF-8 text, came other bytes ({error})") from error

    def find(self, relative: str) -> str | None:
        """The file's own path: the same, or one whose suffix is in other letters (.JPG); None where there is none.

        Raises: ValueError where several come so and none is exact.
        """
        if self.exists(relative):
            return relative
        found = self._by_suffix.get(_small_suffix(relative), [])
        if len(found) > 1:
            raise ValueError(f"{self.root}: expected {relative} once, came {' and '.join(found)}; move one away")
        return found[0] if found else None

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
            raise self._other(relative, f"{found[0]} bytes with {found[1]}")

    def _other(self, relative: str, came: str) -> ValueError:
        size, digest = (self._listed or {})[relative]
        return ValueError(
            f"{self.root / relative}: expected {size} bytes with sha256 {digest}, as listed by render, came {came}; "
            "restore the file, or render the dataset anew"
        )
