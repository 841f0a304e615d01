"""Whether this environment is the one that receipts name: versions by the lock, and every byte as it was installed."""

import base64
import os
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from stages.graph import Stage
from stages.retrace.doctor.findings import Finding
from stages.retrace.evidence import hashing
from stages.runner import installed

LOCK = Path("envs/core.lock")
NAMED = 4


def versions(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Installed packages against the lock that receipts name."""
    wanted = installed.locked(LOCK)
    found = {name: _version(name) for name in wanted}
    wrong = [
        f"{name} =={version}, found {found[name]}"
        for name, version in wanted.items()
        if not installed.same_version(found[name], version)
    ]
    if wrong:
        # The mark of an earlier setup would have make do nothing.
        yield Finding("environment", f"not as {LOCK} says: {_few(wrong)}", "rm -f .venv/synced; make setup")
    else:
        yield Finding("environment", f"all {len(wanted)} packages are those of {LOCK}")


def files(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Every file of the lock's packages against the hash and size that its installer noted down; reads every byte."""
    wanted: dict[str, tuple[str, metadata.FileHash]] = {}
    wrong: dict[str, list[str]] = {}
    bare = []
    for name in installed.locked(LOCK):
        try:
            listed = metadata.distribution(name).files
        except metadata.PackageNotFoundError:
            continue
        if listed is None:
            bare.append(name)
        for file in listed or ():
            # What installing writes by itself, compiled files and the list, has none.
            if file.hash is None:
                continue
            place = os.fspath(file.locate())
            if problem := _looks(place, file.size):
                wrong.setdefault(name, []).append(f"{file} {problem}")
            else:
                wanted[place] = name, file.hash
    for place, problem in _bytes(wanted):
        name = wanted[place][0]
        wrong.setdefault(name, []).append(f"{_below(place)} {problem}")
    if bare:
        yield Finding(
            "environment", f"installed without a list of their files, of which nothing is known: {_few(bare)}"
        )
    if wrong:
        told = [file for name in sorted(wrong) for file in sorted(wrong[name])]
        # The installer's cache may hold the same file under another name.
        remedy = f"rm -r .venv; uv cache clean {' '.join(sorted(wrong))}; make setup"
        yield Finding("environment", f"{len(told)} installed files are not as installed: {_few(told)}", remedy)
    else:
        yield Finding("environment", f"all {len(wanted)} installed files are as they were installed")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"


def _looks(place: str, size: int | None) -> str:
    """What is wrong with a file before it is read, if anything is."""
    try:
        found = os.stat(place).st_size
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if size is None or size == found else f"has {found} bytes instead of {size}"


def _bytes(wanted: dict[str, tuple[str, metadata.FileHash]]) -> Iterator[tuple[str, str]]:
    """(path, problem) of what has other bytes than its hash says."""
    for mode in sorted({hashed.mode for _, hashed in wanted.values()}):
        some = {place: hashed.value for place, (_, hashed) in wanted.items() if hashed.mode == mode}
        sizes = [(place, os.path.getsize(place)) for place in some]
        for place, found in hashing.digests(sizes, (mode,), progress=True).items():
            if isinstance(found, OSError):
                yield place, f"cannot be read: {found.strerror}"
            elif base64.urlsafe_b64encode(bytes.fromhex(found[0])).rstrip(b"=").decode() != some[place]:
                yield place, "has other bytes"


def _below(place: str) -> str:
    """A path from the folder that packages are installed into, if it lies there."""
    roots = [root for root in installed.places() if Path(place).is_relative_to(root)]
    return Path(place).relative_to(roots[0]).as_posix() if roots else place


def _few(names: Sequence[str]) -> str:
    """The first of them, and how many there are beside."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{'; '.join(names[:NAMED])}{more}"
