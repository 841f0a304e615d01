"""Audit of DVC's cache: every object by its name, what dvc.lock and the run cache say of it, and the chain within.

DVC trusts read-only objects and never reads them again, so a corrupted one is delivered by every checkout. DVC names
objects by md5, which finds damage; an edit made on purpose is found by the receipts among the objects, by sha256.
"""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from stages.retrace.audit import chain as audit_chain
from stages.retrace.audit import units as what
from stages.retrace.audit.auditing import Audit
from stages.retrace.audit.findings import AuditReport
from stages.retrace.audit.revision import revision
from stages.retrace.audit.twins import Runs
from stages.retrace.audit.units import Evidence, Unit
from stages.retrace.dvc import store as dvc_store
from stages.retrace.dvc.entries import Entry, Objects, complaints
from stages.retrace.evidence import hashing
from stages.retrace.evidence.differences import Sources

LOCK = Path("dvc.lock")
REMEDY = "take the object away; dvc pull, or dvc repro --force for its stage, puts a good one in its place"


def audit(targets: Sequence[str], root: str | None, against: str | None, progress: bool) -> AuditReport:
    """Reads every object of the cache, then checks what the lock names for the targets, and all of the run cache.

    Raises: FileNotFoundError where there is no cache, ValueError as `audit.run`.
    """
    objects_folder, runs_folder = dvc_store.folders()
    if not objects_folder.is_dir():
        raise FileNotFoundError(f"expected DVC's cache at {objects_folder}; dvc pull, or retrace adopt, fills it")
    files = dvc_store.objects(objects_folder)
    started = time.perf_counter()
    read = hashing.digests([(path, size) for path, size in files.values()], ("md5", "sha256"), progress)
    seconds = time.perf_counter() - started
    objects = Objects(objects_folder, {name: read[path] for name, (path, _) in files.items()})
    with ExitStack() as stack:
        top = stack.enter_context(revision(against)) if against else Path(".")
        found = CacheAudit(targets, objects, runs_folder, Sources(top))
        found.check_all(root, against)
        return found.report(len(files), sum(size for _, size in files.values()), seconds)


class CacheAudit:
    """What the lock names, with receipts read from objects; the chain is then checked as everywhere."""

    def __init__(self, targets: Sequence[str], objects: Objects, runs: Path, sources: Sources) -> None:
        self.objects, self.runs, self.sources = objects, runs, sources
        self.stages = what.wanted(sources.stages, targets)
        self.units = {unit.name: unit for unit in what.of_graph(sources.stages).values()}
        self.spoiled: list[tuple[str, ...]] = []
        self.entries = {name: entry for name, content in self._lock().items()
                        if (entry := self._entry("lock", LOCK.as_posix(), content, name))}  # fmt: skip
        self.held: dict[str, Evidence] = {}
        for stage in self.stages:
            if stage.name in self.entries:
                self._hold(self.units[stage.name], self.entries[stage.name])
        self.audit = Audit(targets, "cache", sources, self.held)

    def _lock(self) -> dict[str, Any]:
        if not LOCK.is_file():
            return {}
        try:
            return dvc_store.read_yaml(LOCK)["stages"] or {}
        except (ValueError, KeyError, TypeError) as error:
            self.spoiled.append(("lock", "", LOCK.as_posix(), "DVC's list of stages", str(error), "its form"))
            return {}

    def _entry(self, kind: str, file: str, content: Any, name: str) -> Entry | None:
        try:
            return Entry.of(file, content, self.objects)
        except ValueError as error:
            self.spoiled.append((kind, name, file, "what DVC writes", str(error), "its form"))
            return None

    def _hold(self, unit: Unit, entry: Entry) -> None:
        try:
            held = entry.receipt(unit, self.objects)
        except ValueError as error:
            file = self.objects.path(entry.made[unit.place])
            self.spoiled.append(("receipt", unit.name, file, "a receipt", str(error), "its form"))
            return
        if held:
            self.held[unit.out] = held

    def check_all(self, root: str | None, against: str | None) -> None:
        """Objects, then the lock, then the run cache, then the chain of the locked receipts."""
        self.add = self.audit.found.add
        self.audit.judge(root, against)
        for kind, name, file, expected, found, word in self.spoiled:
            self.add(kind, name, file, expected, found, word, "restore it, or retrace adopt writes dvc.lock anew")
        owners = self._owners()
        for name, known in self.objects.digests.items():
            if not self.objects.sound(name):
                stage, path = owners.get(name, ("", "dvc.lock does not name it"))
                found = str(known) if isinstance(known, OSError) else f"md5 {known[0]}"
                self.add("object", stage, self.objects.path(name), f"md5 {name.removesuffix('.dir')}", found,
                         f"its name; {path}", REMEDY)  # fmt: skip
        for name, entry in self.entries.items():
            if name in self.units and self.units[name].stage in self.stages:
                self._check_entry("lock", self.units[name], entry)
                self._check_deps(name, entry)
        self._check_runs()
        self.audit.check()
        self.audit.refuse_nothing()

    def _owners(self) -> dict[str, tuple[str, str]]:
        owners: dict[str, tuple[str, str]] = {}
        for name, entry in self.entries.items():
            for out in entry.content["outs"]:
                owners.setdefault(out["md5"], (name, f"{out['path']}, as dvc.lock names it"))
            for path, held in entry.made.items():
                owners.setdefault(held, (name, f"{path}, as dvc.lock names it"))
        return owners

    def _check_entry(self, kind: str, unit: Unit, entry: Entry) -> None:
        for path in entry.absent:
            self.audit.found.note(f"{path}: {entry.file} names it, the cache does not hold it")
        inside = {path: name for path, name in entry.made.items() if path.startswith(f"{unit.out}/")}
        for path, name in inside.items():
            if name not in self.objects.digests:
                self.add("missing", unit.name, self.objects.path(name), f"object {name} of {path}", "no object",
                         entry.file, "dvc fetch, or rebuild the stage")  # fmt: skip
        try:
            held = entry.receipt(unit, self.objects)
        except ValueError:
            return  # reported where the lock's own receipts are read; a run-cache entry of it is the same object
        if held is None:
            return
        for expected, found, word, file in complaints(entry, unit, held, self.objects, self.sources):
            self.add(kind, unit.name, file, expected, found, word, "retrace adopt writes dvc.lock anew from receipts")

    def _check_deps(self, name: str, entry: Entry) -> None:
        """The lock's own chain: what a stage read is what its producer made."""
        made = {out["path"]: (other, out["md5"]) for other, known in self.entries.items()
                for out in known.content["outs"]}  # fmt: skip
        for dep in entry.content["deps"]:
            producer, known = made.get(dep["path"], ("", dep.get("md5")))
            if known != dep.get("md5"):
                self.add("lock", name, f"{LOCK}: {dep['path']}", f"md5 {known}", f"md5 {dep.get('md5')}",
                         f"{LOCK}, outs of {producer}", f"dvc repro {name}")  # fmt: skip

    def _check_runs(self) -> None:
        """Entries are named by the sha256 of what they say; DVC checks neither before it restores from them."""
        from dvc.stage.cache import _get_cache_hash

        by_out = {unit.out: unit for unit in self.units.values()}
        restored: list[tuple[str, Unit, Evidence]] = []
        for path in sorted(self.runs.glob("??/*/*")):
            file = path.as_posix()
            try:
                content = dvc_store.read_yaml(path)
                value = _get_cache_hash({**content})
                key = _get_cache_hash({**content}, key=True)
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                self.add("runs", "", file, "what DVC writes", str(error), "its form", "take it away")
                continue
            out = str(content.get("cmd", "")).partition(" --out ")[2].split(" ")[0]
            unit = by_out.get(out)
            if (key, value) != (path.parent.name, path.name):
                self.add("runs", unit.name if unit else "", file, f"sha256 {path.name} under {path.parent.name}",
                         f"sha256 {value} under {key}", "its name", "take it away")  # fmt: skip
            elif unit and (entry := self._entry("runs", file, content, unit.name)) and not entry.absent:
                self._check_entry("runs", unit, entry)
                if held := self._restored(unit, entry):
                    restored.append((file, unit, held))
        self._check_restored(restored)

    def _restored(self, unit: Unit, entry: Entry) -> Evidence | None:
        """The receipt that a checkout of this entry would put in place."""
        try:
            return entry.receipt(unit, self.objects)
        except ValueError:
            return None  # a complaint of the entry's own check

    def _check_restored(self, restored: list[tuple[str, Unit, Evidence]]) -> None:
        """An entry that contradicts what lies here, what was kept or another entry would be restored all the same."""
        kept = self.audit.kept
        here = [held for unit in self.units.values() if (held := audit_chain.locate(unit, kept)[0])]
        runs = Runs([*self.held.values(), *here, *kept.by_digest.values(), *(held for _, _, held in restored)])
        for file, unit, held in restored:
            locked, denied = self.held.get(unit.out), runs.denying(held)
            if denied and not (locked and locked.content["outputs"] == held.content["outputs"]):
                other, name = denied
                self.add("runs", unit.name, file, f"{name} as {other.file} lists it",
                         f"another, in receipt {held.digest}, though all that determines it is the same", other.file,
                         "one of the two is false: take that one away, and rebuild")  # fmt: skip

    def report(self, files: int, size: int, seconds: float) -> AuditReport:
        """Sums up; the root is over the receipts that the lock names."""
        found = self.audit.report(progress=False)
        found.files, found.bytes, found.hashing_seconds = files, size, seconds
        return found
