"""sha256 of files and folders, with a cache for speed that an audit never uses."""

import contextlib
import hashlib
import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from stages.runner import linked

# Written by the engines or by the runner itself into output folders; no part of what a stage made.
IGNORED = frozenset({"receipt.json", ".snakemake_timestamp", ".gitignore"})
CACHE = Path(".work/digests.sqlite")
WORTH_CACHING_BYTES = 1 << 20
# A file changed within this time might change again without its times moving.
SETTLED_SECONDS = 2.0


def file_digest(path: Path, cached: bool = False) -> str:
    """sha256 of a file's bytes, in hexadecimal.

    With `cached`, a digest known for the same device, inode, size, mtime and ctime is believed.
    """
    return _digest(path, path.stat(), cached)


def _digest(path: Path, status: os.stat_result, cached: bool) -> str:
    if status.st_size < WORTH_CACHING_BYTES:
        # The buffer that hashlib.file_digest makes costs more than such a file.
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if not cached:
        return _read(path)
    key = _look(status)
    known = _kept(key)
    if known is None:
        known = _read(path)
        _keep(key, known, status.st_ctime)
    return known


def remembered(what: str, files: Sequence[Path], find: Callable[[], str]) -> str:
    """What `find` says of these files, found anew only when one is not as it was then, by the looks named above."""
    looks = [(path, path.stat()) for path in files]
    told = "".join(f"{path} {_look(status)}\n" for path, status in looks)
    key = f"{what}:{_checksum(told)}"
    known = _kept(key)
    if known is None:
        known = find()
        _keep(key, known, max(status.st_ctime for _, status in looks))
    return known


def _kept(key: str) -> str | None:
    """What the cache has under a key; None for nothing, and for what is damaged."""
    for (entry,) in _ask("SELECT entry FROM kept WHERE key = ?", (key,)):
        checksum, _, value = str(entry).partition(" ")
        if checksum == _checksum(f"{key} {value}"):
            return value
    return None


def _keep(key: str, value: str, changed_s: float) -> None:
    """Keeps what was found of files that have been at rest since `changed_s`, behind a checksum."""
    if time.time() - changed_s > SETTLED_SECONDS:
        _ask("INSERT OR REPLACE INTO kept VALUES (?, ?)", (key, f"{_checksum(f'{key} {value}')} {value}"))


def _checksum(text: str) -> str:
    return hashlib.sha256(os.fsencode(text)).hexdigest()


def _look(status: os.stat_result) -> str:
    return f"{status.st_dev}:{status.st_ino}:{status.st_size}:{status.st_mtime_ns}:{status.st_ctime_ns}"


def _ask(sentence: str, values: tuple[str, ...]) -> list:
    """One sentence to the cache, which only saves time: without room or rights there is none, and damaged it goes."""
    try:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(CACHE, timeout=60)) as store, store:
            store.execute("CREATE TABLE IF NOT EXISTS kept (key TEXT PRIMARY KEY, entry TEXT)")
            return store.execute(sentence, values).fetchall()
    except (OSError, sqlite3.OperationalError):
        return []
    except sqlite3.DatabaseError:
        CACHE.unlink(missing_ok=True)
        return []


def _read(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def listing(folder: Path, cached: bool = False) -> dict[str, dict[str, object]]:
    """Every file of a folder with its sha256 and size, by sorted relative path.

    Raises: ValueError for a special file or a link to anything but an object of DVC's cache, whose bytes a digest would
    not pin; OSError for an unreadable folder.
    """
    found: dict[str, dict[str, object]] = {}
    for root, folders, files in os.walk(folder, onerror=_refuse):
        folders.sort()
        # os.walk takes a link to a folder for a folder, and does not look into it.
        for name in sorted([*files, *(name for name in folders if Path(root, name).is_symlink())]):
            path = Path(root, name)
            if name in IGNORED:
                continue
            status = linked.status(path)
            relative = path.relative_to(folder).as_posix()
            found[relative] = {"sha256": _digest(path, status, cached), "size": status.st_size}
    return dict(sorted(found.items()))


def _refuse(error: OSError) -> None:
    """os.walk passes over a folder that it may not read, as if it were empty."""
    if not isinstance(error, FileNotFoundError):
        raise error


def listing_digest(files: dict[str, dict[str, object]]) -> str:
    """One sha256 for a listing: over lines `sha256  path`, as sha256sum prints them."""
    lines = "".join(f"{entry['sha256']}  {path}\n" for path, entry in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def path_digest(path: Path, cached: bool = False) -> str:
    """sha256 of a file, or the listing digest of a folder.

    Raises: FileNotFoundError if there is neither.
    """
    if path.is_dir():
        return listing_digest(listing(path, cached))
    if path.is_file():
        return file_digest(path, cached)
    raise FileNotFoundError(f"expected {path}, which no stage has made yet; build it by its name with either engine")
