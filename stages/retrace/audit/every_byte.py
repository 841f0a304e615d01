"""Every file of a stage against its receipt, and every file under results/ against all receipts."""

import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from stages.retrace.audit.findings import Collector
from stages.retrace.audit.units import Evidence, Unit
from stages.retrace.evidence import hashing
from stages.retrace.evidence.identify import fingerprint_in
from stages.runner import linked
from stages.runner.digest import IGNORED

PICTURES = (".png", ".pdf")
ENGINES_OWN = (".snakemake_timestamp", ".gitignore")


@dataclass
class Reading:
    """What is to be read: each file with its size and what is expected of it."""

    files: list[tuple[str, int]] = field(default_factory=list)
    expected: dict[str, tuple[Unit, Evidence, str]] = field(default_factory=dict)
    users: dict[str, tuple[Unit, str, str]] = field(
        default_factory=dict
    )  # user's file -> (unit, sha256, by whose word)
    sound: set[str] = field(default_factory=set)
    count: int = 0
    bytes: int = 0
    seconds: float = 0.0


def files_in(folder: str) -> tuple[dict[str, int], dict[str, str]]:
    """Files below a folder by relative path, with sizes; and what no digest pins, with what is wrong with it.

    A link to an object of DVC's cache is a file. At the top the receipt and the engines' empty marks are left out;
    deeper down a file of that name is a file.
    """
    plain: dict[str, int] = {}
    strange: dict[str, str] = {}
    waiting = [("", folder)]
    while waiting:
        base, place = waiting.pop()
        with os.scandir(place) as entries:
            for entry in entries:
                name = f"{base}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{name}/", entry.path))
                    continue
                size, wrong = _size(entry.path)
                if wrong:
                    strange[name] = wrong
                elif base or entry.name not in IGNORED or (entry.name in ENGINES_OWN and size):
                    plain[name] = size
    return plain, strange


def _size(path: str) -> tuple[int, str]:
    """A file's size; or why it is none."""
    try:
        return linked.status(Path(path)).st_size, ""
    except ValueError:
        return 0, linked.GONE if linked.object_behind(Path(path)) else "a link or special file"


def plan(unit: Unit, held: Evidence, into: Collector, reading: Reading) -> None:
    """Compares names with the receipt, and lists the bytes to read."""
    outputs, again = held.content["outputs"], f"rebuild {unit.name}, or pull it"
    if unit.is_final:
        sizes = {name: _size(unit.path(name)) for name in outputs if os.path.lexists(unit.path(name))}
        found = {name: size for name, (size, wrong) in sizes.items() if not wrong}
        strange = {name: wrong for name, (_, wrong) in sizes.items() if wrong}
    elif os.path.isdir(unit.out):
        found, strange = files_in(unit.out)
    else:
        into.add("missing", unit.name, unit.out, f"{len(outputs)} files", "nothing", held.file, again)
        return
    gone = {name for name, wrong in strange.items() if wrong == linked.GONE and name in outputs}
    for name in sorted(strange.keys() - gone):
        expected = "a plain file, or a link into DVC's cache"
        into.add("link", unit.name, unit.path(name), expected, strange[name], held.file, "copy it")
    for name in sorted((outputs.keys() - found.keys()) - strange.keys() | gone):
        expected, lost = f"sha256 {outputs[name]['sha256']}", "a link whose object is not in DVC's cache"
        into.add("missing", unit.name, unit.path(name), expected, lost if name in gone else "no file", held.file, again)
    for name in sorted(found.keys() - outputs.keys()):
        into.add("extra", unit.name, unit.path(name), "no file of this name", f"{found[name]} bytes", held.file,
                 f"take it away, or rebuild {unit.name}")  # fmt: skip
    for name in sorted(found.keys() & outputs.keys()):
        if found[name] != outputs[name]["size"]:
            into.add("bytes", unit.name, unit.path(name), f"{outputs[name]['size']} bytes", f"{found[name]} bytes",
                     held.file, again)  # fmt: skip
        reading.files.append((unit.path(name), found[name]))
        reading.expected[unit.path(name)] = unit, held, name


def plan_users_files(unit: Unit, held: Evidence, into: Collector, reading: Reading) -> None:
    """The user's dataset or weights that a stage listed by digest, where they are here to be read.

    A list whose own bytes are not those of its receipt is not followed.
    """
    names = {"render": ("root.json", "files.parquet"), "preflight": ("preflight.json",)}.get(held.content["verb"], ())
    if not names or not all(unit.path(name) in reading.sound for name in names):
        return
    known = json.loads(Path(unit.path(names[0])).read_text(encoding="utf-8"))
    if held.content["verb"] == "render":
        from stages.data.files import read_table

        table = read_table(Path(unit.path("files.parquet")))
        pairs = zip(table["path"], table["sha256"], strict=True)
        listed = {f"{known['root']}/{name}": sha256 for name, sha256 in pairs}
    else:
        listed = {entry["file"]: entry["sha256"] for entry in known.get("files", {}).values()}
    for path, sha256 in listed.items():
        if os.path.isfile(path):
            reading.files.append((path, os.stat(path).st_size))
            reading.users[path] = unit, sha256, held.file
    if absent := [path for path in listed if not os.path.isfile(path)]:
        into.note(f"{unit.out}: {len(absent)} of {len(listed)} files that the user supplied are not here to be read, "
                  f"such as {absent[0]}")  # fmt: skip


def read(reading: Reading, into: Collector, progress: bool) -> None:
    """Reads every planned byte and compares; a file that agrees is sound."""
    found = _digests(reading, progress)
    for path, (unit, held, name) in reading.expected.items():
        expected, came = held.content["outputs"][name]["sha256"], found[path]
        again = f"rebuild {unit.name}, or pull it"
        if isinstance(came, OSError):
            into.add("unreadable", unit.name, path, f"sha256 {expected}", str(came), held.file, again)
        elif came[0] != expected:
            hint = _picture_hint(path, held) if unit.is_final else ""
            into.add("bytes", unit.name, path, f"sha256 {expected}", f"sha256 {came[0]}{hint}", held.file, again)
        else:
            reading.sound.add(path)
            named = fingerprint_in(Path(path)) if unit.is_final and path.endswith(PICTURES) else ""
            if unit.is_final and path.endswith(PICTURES) and named != held.content["fingerprint"]:
                own = f"fingerprint {held.content['fingerprint']}"
                into.add("picture", unit.name, path, own, named or "none", held.file, again)


def read_users_files(reading: Reading, into: Collector, progress: bool) -> None:
    """The same for what the user supplied."""
    found = _digests(reading, progress)
    for path, (unit, expected, word) in reading.users.items():
        came = found[path]
        if isinstance(came, OSError) or came[0] != expected:
            into.add("data", unit.name, path, f"sha256 {expected}",
                     str(came) if isinstance(came, OSError) else f"sha256 {came[0]}", word,
                     f"restore the file, or rebuild {unit.name} and all that rests on it")  # fmt: skip


def _digests(reading: Reading, progress: bool) -> dict[str, tuple[str, ...] | OSError]:
    """Reads what is planned, counts it, and empties the plan."""
    started = time.perf_counter()
    found = hashing.digests(reading.files, progress=progress)
    reading.seconds += time.perf_counter() - started
    reading.count += len(reading.files)
    reading.bytes += sum(size for _, size in reading.files)
    reading.files = []
    return found


def _picture_hint(path: str, held: Evidence) -> str:
    if not path.endswith(PICTURES):
        return ""
    named = fingerprint_in(Path(path))
    if named == held.content["fingerprint"]:
        return "; its metadata still name this run, so the picture itself was altered"
    return f"; its metadata name {f'the run {named}' if named else 'no run'}, the receipt {held.content['fingerprint']}"
