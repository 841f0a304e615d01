"""Whether the libraries that a stage loaded are those of the lock, byte by byte: what its receipt says beside the lock.

A lock's digest says what was to be installed. That this is what ran is said by the files: each that the process loaded,
Python modules and compiled libraries, is compared with the sha256 that its installer noted down.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

from stages.runner import installed
from stages.runner.digest import file_digest, remembered

MAPS = Path("/proc/self/maps")
# What the kernel puts behind the path of a mapped file that is no longer the one there.
REMOVED = " (deleted)"


def loaded(lock: Path) -> dict[str, Any]:
    """What this process loaded that is not as the lock and the installer's lists say; nothing where all is.

    `others`: version by package, where the lock has another or none, with ` (no RECORD)` where its files are noted
    down nowhere. `altered`: files by their path below site-packages that have another sha256 than in RECORD or are in
    none, and compiled libraries that others of their name from elsewhere stand in for.
    """
    files, strays = _files()
    gone = {name for name, path in files.items() if not path.is_file()}
    there = {name: path for name, path in files.items() if name not in gone}
    seen = [*there.values(), *strays, lock, Path(__file__)]
    for place in installed.places():
        seen += [list_ for folder in installed.lists(place) if (list_ := folder / "RECORD").is_file()]
    found = json.loads(remembered("packages", seen, lambda: json.dumps(_compare(lock, there, strays))))
    return {**found, "altered": sorted([*found["altered"], *(name.removesuffix(REMOVED) for name in gone)])}


def _files() -> tuple[dict[str, Path], list[Path]]:
    """What was loaded: from the environment, by path below it; and compiled libraries from elsewhere that are there."""
    modules = {file for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    mapped = {words[5] for line in _maps() if len(words := line.split(maxsplit=5)) == 6 and ".so" in words[5]}
    roots = {root: place for place in installed.places() for root in (f"{place}{os.sep}", f"{place.resolve()}{os.sep}")}
    found: dict[str, Path] = {}
    strays = []
    for file in sorted(modules | mapped):
        root = next((root for root in roots if file.startswith(root)), None)
        if root is not None:
            found[file.removeprefix(root).replace(os.sep, "/")] = Path(file)
        elif file not in modules and os.path.isfile(file):  # Python finds its modules by whole paths, not by name
            strays.append(Path(file))
    return found, strays


def _maps() -> list[str]:
    """Lines of the kernel's list of mapped files; none on a system that keeps no such list."""
    return MAPS.read_text(encoding="utf-8", errors="surrogateescape").splitlines() if MAPS.is_file() else []


def _compare(lock: Path, files: dict[str, Path], strays: list[Path]) -> dict[str, Any]:
    wanted_files = {*files, *(path.name for path in strays)}
    listed: dict[str, installed.Listed] = {}
    bare: dict[str, tuple[str, str]] = {}
    for place in installed.places():
        listed |= installed.listed(place, wanted_files)
        bare |= installed.unlisted(place)
    versions, others = {}, {}
    altered = []
    for name, path in files.items():
        if name in listed:
            versions[listed[name].package] = listed[name].version
            if not listed[name].agrees(file_digest(path, cached=True)):
                altered.append(name)
        elif known := bare.get(name.partition("/")[0].partition(".")[0]):
            others[known[0]] = f"{known[1]} (no RECORD)"
        else:
            altered.append(name)
    altered += _stood_in_for(files, strays, {name: one for name, one in listed.items() if one.package in versions})
    wanted = installed.locked(lock)
    for package, version in versions.items():
        if package != installed.PROJECT and not installed.same_version(version, wanted.get(package, "")):
            others[package] = version
    return {"others": others, "altered": sorted(altered)}


def _stood_in_for(files: dict[str, Path], strays: list[Path], listed: dict[str, installed.Listed]) -> list[str]:
    """Libraries of the environment in whose place the loader took one of the same name from elsewhere."""
    names = {path.name: path for path in strays}
    places = [name for name in listed if name not in files and name.rpartition("/")[2] in names]
    return [name for name in places if not listed[name].agrees(file_digest(names[name.rpartition("/")[2]], True))]
