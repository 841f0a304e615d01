"""What is installed in this environment, by the lists (RECORD) that installers leave, and what the lock asks for."""

import base64
import csv
import sysconfig
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# The project itself, which `make setup` links into the environment; no lock holds it, receipts name its code by file.
PROJECT = "retrace"


@dataclass(frozen=True)
class Listed:
    """A file as its package's RECORD has it: the hash as `sha256=…` in base64, both empty where RECORD says none."""

    package: str
    version: str
    hash: str
    size: str

    def agrees(self, sha256: str) -> bool:
        """Whether a file with this sha256, in hexadecimal, is the one that was installed."""
        return self.hash == "sha256=" + base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()


def places() -> list[Path]:
    """The folders that packages are installed into."""
    paths = sysconfig.get_paths()
    return [Path(path) for path in dict.fromkeys((paths["purelib"], paths["platlib"]))]


def lists(place: Path) -> list[Path]:
    """The folders that speak of one package each."""
    return sorted([*place.glob("*.dist-info"), *place.glob("*.egg-info")])


def listed(place: Path, wanted: Container[str] | None = None) -> dict[str, Listed]:
    """Every file that some RECORD names, by its path from the place; or those whose path or last name is wanted."""
    found = {}
    for folder in lists(place):
        package, version = _named(folder)
        for path, hashed, size in _rows(folder / "RECORD", wanted):
            found[path] = Listed(package, version, hashed, size)
    return found


def unlisted(place: Path) -> dict[str, tuple[str, str]]:
    """(package, version) of what was installed without a RECORD, by the name of each folder or module of it."""
    found = {}
    for folder in lists(place):
        if not (folder / "RECORD").is_file():
            names = folder / "top_level.txt"
            own = names.read_text(encoding="utf-8").split() if names.is_file() else [folder.name.partition("-")[0]]
            found |= dict.fromkeys(own, _named(folder))
    return found


def _named(folder: Path) -> tuple[str, str]:
    """`ruamel_yaml-0.19.1.dist-info` → (ruamel-yaml, 0.19.1)."""
    from packaging.utils import canonicalize_name

    name, version, *_ = [*folder.stem.split("-"), ""]
    return canonicalize_name(name), version


def _rows(record: Path, wanted: Container[str] | None) -> Iterator[list[str]]:
    if not record.is_file():
        return
    lines: Iterable[str] = record.read_text(encoding="utf-8").splitlines()
    if wanted is not None:
        # Tens of thousands of lines, of which few are asked for; only a path with a comma or a quote is in quotes.
        lines = [
            line
            for line in lines
            if (path := line.partition(",")[0]) in wanted or path.rpartition("/")[2] in wanted or line[:1] == '"'
        ]
    yield from (row for row in csv.reader(lines) if len(row) == 3)


def locked(lock: Path) -> dict[str, str]:
    """The version that a lock asks for here, by package; lines for other systems and Pythons are left out."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #-":
            wanted = Requirement(line.rstrip("\\ "))
            if wanted.marker is None or wanted.marker.evaluate():
                found[canonicalize_name(wanted.name)] = str(wanted.specifier).removeprefix("==")
    return found


def same_version(one: str, other: str) -> bool:
    """Whether two versions are one, as 1.0 and 1.0.0 are; 1.1 and 1.16.0 are two, and 2.0 and its build 2.0+cpu are."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other
