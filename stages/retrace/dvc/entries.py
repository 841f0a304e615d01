"""What DVC's lock and run cache say of a run, against the receipt that the objects they name hold."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stages.graph.names import CODE
from stages.retrace.audit.units import Evidence, Unit, parse
from stages.retrace.evidence import current
from stages.retrace.evidence.differences import Sources, parameters
from stages.runner.exits import StageFailure

# (expected, found, by whose word, the file that is wrong)
Complaint = tuple[str, str, str, str]


@dataclass(frozen=True)
class Objects:
    """DVC's objects by name (md5, with .dir for the list of a folder) and their digests, read once."""

    folder: Path
    digests: dict[str, tuple[str, ...] | OSError]

    def path(self, name: str) -> str:
        return (self.folder / name[:2] / name[2:]).as_posix()

    def sha256(self, name: str) -> str:
        known = self.digests.get(name)
        return known[1] if isinstance(known, tuple) else ""

    def sound(self, name: str) -> bool:
        known = self.digests.get(name)
        return isinstance(known, tuple) and known[0] == name.removesuffix(".dir")

    def listing(self, name: str) -> dict[str, str] | None:
        """relative path -> object of a .dir object; None where it is absent, corrupted or no listing."""
        if not self.sound(name):
            return None
        try:
            return {entry["relpath"]: entry["md5"] for entry in json.loads(Path(self.path(name)).read_bytes())}
        except (ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True)
class Entry:
    """One run as DVC recorded it; `made` maps each file of the outputs to its object, `absent` has outputs not here."""

    file: str
    content: dict[str, Any]
    made: dict[str, str]
    absent: list[str]

    @classmethod
    def of(cls, file: str, content: dict[str, Any], objects: Objects) -> "Entry":
        """Raises: ValueError where the entry lacks what every entry has."""
        made, absent = {}, []
        try:
            for out in content["outs"]:
                name = out["md5"]
                inner = objects.listing(name) if name.endswith(".dir") else {"": name}
                if inner is None or ("" in inner and name not in objects.digests):
                    absent.append(out["path"])
                for relative, held in (inner or {}).items():
                    made[f"{out['path']}/{relative}" if relative else out["path"]] = held
            Path(content["cmd"])
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"expected cmd, deps and outs with md5, found {type(error).__name__}: {error}") from None
        return cls(file, content, made, absent)

    def receipt(self, unit: Unit, objects: Objects) -> Evidence | None:
        """The receipt among the objects; of a final stage also the file in place, if it is the one named.

        Raises: ValueError where the object is sound but no receipt.
        """
        name = self.made.get(unit.place, "")
        place = Path(objects.path(name)) if objects.sound(name) else Path(unit.place)
        if not name or not place.is_file():
            return None
        raw = place.read_bytes()
        if hashlib.md5(raw, usedforsecurity=False).hexdigest() != name:
            return None
        return parse(raw, place.as_posix())


def complaints(entry: Entry, unit: Unit, held: Evidence, objects: Objects, sources: Sources) -> Iterable[Complaint]:
    """Everything in which the entry and the receipt disagree: command, parameters, files, code."""
    content, stage = held.content, unit.stage
    if stage is not None:
        try:
            command = list(current.arguments(replace(stage, cmd=entry.content["cmd"])).canonical)
        except (StageFailure, ValueError) as error:
            command = [str(error)]
        if command != content["command"]:
            yield "command " + " ".join(content["command"]), " ".join(command), held.file, entry.file
        locked = replace(stage, params=values_of(entry.content))
        known = code_of(entry.content)
        if known != content["code_digest"]:
            yield f"code {content['code_digest']}", f"code {known}", held.file, f"{entry.file}: {CODE}"
        for change in parameters(locked, tuple(content["layers"]), content["params"]):
            yield f"{change.name} = {change.old!r}", repr(change.new), held.file, entry.file
    made = {path: name for path, name in entry.made.items() if path != unit.place}
    listed = {unit.path(name): value["sha256"] for name, value in content["outputs"].items()}
    for path in sorted(made.keys() | listed.keys()):
        name = made.get(path, "")
        if path not in listed or not name:
            yield listed.get(path, "no such file"), name or "no object", held.file, f"{entry.file}: {path}"
        elif name in objects.digests and objects.sound(name) and objects.sha256(name) != listed[path]:
            found = f"object {name} with sha256 {objects.sha256(name)}"
            yield f"sha256 {listed[path]}", found, held.file, f"{entry.file}: {path}"
    yield from _files(entry, content, sources)


def _files(entry: Entry, content: dict[str, Any], sources: Sources) -> Iterable[Complaint]:
    """A source file that is still the one that was read must have the md5 that the entry gives it."""
    lock = content["environment"]
    read = {lock["lock"]: lock["sha256"]}
    read |= {one["path"]: one["sha256"] for one in content["inputs"].values() if one["receipt"] is None}
    for dep in entry.content["deps"]:
        path, known = dep["path"], dep.get("md5", "")
        if (sources.top / path).is_file() and sources.digest(path) == read.get(path):
            now = hashlib.md5((sources.top / path).read_bytes(), usedforsecurity=False).hexdigest()
            if now != known:
                yield f"md5 {now}", f"md5 {known}", path, f"{entry.file}: {path}"


def values_of(content: dict[str, Any]) -> dict[str, Any]:
    """The parameters of an entry, from all their files: key -> value."""
    files = content.get("params") or {}
    return {key: value for file, held in files.items() if file != CODE for key, value in (held or {}).items()}


def code_of(content: dict[str, Any]) -> str:
    """The digest of an entry's code; empty where it holds none."""
    return next(iter(((content.get("params") or {}).get(CODE) or {}).values()), "")
