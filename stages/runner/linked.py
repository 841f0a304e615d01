"""Links into DVC's cache, which are files as good as copies: where that cache lies, by DVC's own settings, without DVC.

With `cache.type` symlink DVC leaves a link to its object at the place of every file that it made. What a link leads to
is read like any file; a link to anywhere else pins nothing and stays refused.
"""

import functools
import os
import re
import stat
from pathlib import Path

DVC = Path(".dvc")
OBJECT = re.compile(r"[0-9a-f]{2}/[0-9a-f]{30}")
GONE = "leads to an object that DVC's cache no longer holds; dvc fetch brings it back, or rebuild its stage"
FOREIGN = "expected a plain file or a link into DVC's cache, found a link or special file; copy it instead"


def settings() -> list[Path]:
    """DVC's settings, of which each file shadows the ones before: of the machine, user, project and this copy of it."""
    import platformdirs

    machine = os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative")
    user = os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative")
    return [Path(machine, "config"), Path(user, "config"), DVC / "config", DVC / "config.local"]


def objects() -> Path:
    """The folder of objects, by `cache.dir` of the last settings that give it, else .dvc/cache/files/md5.

    Raises: ValueError for settings that do not parse, naming the file.
    """
    found = [place for path in settings() if (place := _cache_dir(path, _changed(path)))]
    return Path(os.path.realpath(Path(found[-1] if found else DVC / "cache", "files", "md5")))


def object_behind(path: Path) -> Path | None:
    """The object of DVC's cache that a link leads to, be it there or not; None for all else."""
    if not path.is_symlink():
        return None
    target, folder = Path(os.path.realpath(path)), objects()
    inside = target.is_relative_to(folder) and OBJECT.fullmatch(target.relative_to(folder).as_posix())
    return target if inside else None


def status(path: Path) -> os.stat_result:
    """What the system says of a plain file, or of the object that stands for it.

    Raises: ValueError for any other link, a special file, and a link whose object is gone.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) and (held := object_behind(path)):
        try:
            found = held.stat()
        except FileNotFoundError:
            raise ValueError(f"{path} {GONE}") from None
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path}: {FOREIGN}")
    return found


def _changed(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_ino, found.st_mtime_ns


@functools.lru_cache(maxsize=64)
def _read(path: Path, changed: tuple[int, int]) -> str:
    """The value of `cache.dir` as it is written; empty where there is none. Keys in any case, as DVC takes them."""
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters="=", comment_prefixes=("#",))
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        parser.read_string("\n".join(line.strip() for line in lines), path.as_posix())
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (configparser.Error, UnicodeDecodeError) as error:
        told = " ".join(str(error).split())
        raise ValueError(f"{path}: expected DVC's settings, [section] and `key = value`: {told}; mend it") from None
    section = next((parser[name] for name in parser.sections() if name.lower() == "cache"), {})
    return _plain(section.get("dir", ""))


def _plain(value: str) -> str:
    """A value without quotes, or without the comment behind it."""
    quoted = re.match(r"""\s*(["'])(.*?)\1""", value)
    return quoted[2] if quoted else re.sub(r"\s*#.*", "", value).strip()


def _cache_dir(path: Path, changed: tuple[int, int]) -> Path | None:
    """A relative folder counts from the file that names it."""
    value = _read(path.absolute(), changed)
    return Path(path.parent.absolute(), os.path.expanduser(value)) if value else None
