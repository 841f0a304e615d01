"""Files of then, to compare with: those of another report, or those that a git revision and DVC's cache hold."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stages.retrace.audit.revision import revision
from stages.retrace.dvc import locked
from stages.retrace.dvc import store as dvc_store
from stages.retrace.dvc.entries import Objects

# By this file a report is known; it lists what the next one may compare itself with.
MARK = "retrace-report.json"


class Earlier(Protocol):
    """Results of then by their paths in the project; `name` says in words whose."""

    @property
    def name(self) -> str: ...

    def knows(self, path: str) -> bool:
        """Whether there was such a file."""
        ...

    def file(self, path: str) -> bytes | None:
        """Its bytes; None where there was none, or where they are no longer to be had."""
        ...


@dataclass(frozen=True)
class OtherReport:
    """A report's folder; its own list gives each file's place and sha256."""

    name: str
    folder: Path
    listed: Mapping[str, Mapping[str, str]]

    def knows(self, path: str) -> bool:
        return path in self.listed

    def file(self, path: str) -> bytes | None:
        """Raises: ValueError where the bytes are not those that the report lists."""
        if path not in self.listed:
            return None
        place = self.folder / self.listed[path]["place"]
        found = place.read_bytes() if place.is_file() else b""
        if hashlib.sha256(found).hexdigest() != self.listed[path]["sha256"]:
            raise ValueError(f"--against {self.folder}: {place} is not what that report wrote; make the report anew")
        return found


@dataclass(frozen=True)
class Revision:
    """A git revision: files that it committed, else objects of DVC's cache that its dvc.lock names by md5."""

    name: str
    top: Path
    objects: Objects
    md5: Mapping[str, str]

    def knows(self, path: str) -> bool:
        return path in self.md5 or (self.top / path).is_file()

    def file(self, path: str) -> bytes | None:
        place = self.top / path
        if place.is_file():
            return place.read_bytes()
        place = Path(self.objects.path(self.md5[path])) if path in self.md5 else place
        found = place.read_bytes() if place.is_file() else None
        same = found is not None and hashlib.md5(found, usedforsecurity=False).hexdigest() == self.md5.get(path)
        return found if same else None


@contextmanager
def earlier(against: str, start: Path) -> Iterator[Earlier]:
    """What a person names: a report's folder, as seen from `start`, or a git revision.

    Raises: ValueError for neither and for a report that was altered; FileNotFoundError for a revision without results.
    """
    if (start / against / MARK).is_file():
        yield _report(against, start / against)
        return
    with revision(against) as top:
        held = locked.stages(top / locked.LOCK)
        outs = {out["path"]: out["md5"] for entry in held.values() for out in entry.get("outs", []) if "md5" in out}
        if not outs and not (top / "results").is_dir():
            raise FileNotFoundError(
                f"--against {against}: expected results or a dvc.lock in that revision, found neither, so there is "
                "nothing to compare with; give the folder of another report"
            )
        yield Revision(f"the revision {against}", top, Objects(dvc_store.folders()[0], {}), outs)


def _report(name: str, folder: Path) -> OtherReport:
    try:
        listed = json.loads((folder / MARK).read_bytes())["files"]
        entries = {
            str(path): {"place": str(one["place"]), "sha256": str(one["sha256"])} for path, one in listed.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"--against {name}: {MARK} there is not what a report writes: {error}") from None
    if strange := [one["place"] for one in entries.values() if not _inside(one["place"])]:
        raise ValueError(f"--against {name}: {MARK} there names {strange[0]!r}, which lies outside of that report")
    return OtherReport(f"the report in {folder.name}", folder, entries)


def _inside(place: str) -> bool:
    return not Path(place).is_absolute() and ".." not in Path(place).parts
