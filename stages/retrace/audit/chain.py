"""Whether receipts are what runs wrote, and whether each speaks of the receipts before it."""

import hashlib
import os
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.retrace.audit.findings import Collector
from stages.retrace.audit.twins import Runs, supersedes
from stages.retrace.audit.units import Evidence, Unit, parse
from stages.retrace.evidence.differences import Difference
from stages.retrace.evidence.sound import is_digest, raw
from stages.runner import receipt


class Kept:
    """The receipts that runs kept by content, and the index of each stage's last one."""

    def __init__(self, top: Path = Path(".")) -> None:
        folder = top / receipt.RECEIPTS
        self.by_digest: dict[str, Evidence] = {}
        self.index: dict[str, str] = {}
        self.spoiled: dict[str, tuple[str, str]] = {}  # file -> (expected, found)
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            if is_digest(path.stem):
                self._keep(path, path.relative_to(top).as_posix())
        for path in sorted((folder / "current").glob("*")) if (folder / "current").is_dir() else []:
            self._index(path, path.relative_to(top).as_posix())

    def _keep(self, path: Path, file: str) -> None:
        try:
            found = parse(raw(path), file)
        except (OSError, ValueError) as error:
            self.spoiled[file] = f"sha256 {path.stem}", str(error)
            return
        follows = receipt.fingerprint(found.content)
        if found.digest != path.stem:
            self.spoiled[file] = f"sha256 {path.stem}", f"sha256 {found.digest}"
        elif found.content["fingerprint"] != follows:
            self.spoiled[file] = f"fingerprint {follows}", found.content["fingerprint"]
        else:
            self.by_digest[found.digest] = found

    def read(self, content: bytes, file: str) -> Evidence:
        """A receipt's bytes; what is kept with equal bytes need not be checked again.    Raises: ValueError."""
        held = self.by_digest.get(hashlib.sha256(content).hexdigest())
        return replace(held, file=file) if held else parse(content, file)

    def _index(self, path: Path, file: str) -> None:
        """An entry says sha256 and an end of line, and so does an audit of one that says anything else."""
        try:
            said = raw(path).decode(errors="replace")
        except (OSError, ValueError) as error:
            self.spoiled[file] = "the sha256 of a receipt", str(error)
            return
        if len(said) == 65 and said.endswith("\n") and is_digest(said[:64]):
            self.index[path.name.replace("~", "/")] = said[:64]
        else:
            self.spoiled[file] = "the sha256 of a receipt", repr(said[:70])

    def index_place(self, out: str) -> str:
        return (receipt.RECEIPTS / "current" / out.replace("/", "~")).as_posix()

    @cached_property
    def runs(self) -> Runs:
        """The kept receipts by what determines their bytes."""
        return Runs(self.by_digest.values())


def locate(unit: Unit, kept: Kept) -> tuple[Evidence | None, str]:
    """A unit's receipt where its stage left it, else the one kept; and why the one in place cannot be read."""
    place = Path(unit.place)
    if os.path.lexists(place):
        try:
            return kept.read(raw(place), unit.place), ""
        except (OSError, ValueError) as error:
            return None, str(error)
    return kept.by_digest.get(kept.index.get(unit.out, "")), ""


def check_receipt(unit: Unit, held: Evidence, kept: Kept, into: Collector) -> bool:
    """Whether a receipt follows from itself, belongs to this stage, and is the one that the last run here kept.

    What a receipt that does not says of others is no evidence against them.
    """
    sound = True

    def wrong(expected: str, found: str, vouched_by: str, remedy: str) -> None:
        nonlocal sound
        sound = False
        into.add("receipt", unit.name, held.file, expected, found, vouched_by, remedy)

    content, again = held.content, f"restore the receipt, or rebuild {unit.name}"
    if content["stage"] != unit.out:
        wrong(f"the receipt of {unit.out}", f"that of {content['stage']}", "its place", "put the two back")
    if content["fingerprint"] != receipt.fingerprint(content):
        wrong(f"fingerprint {receipt.fingerprint(content)}", content["fingerprint"], "its own content", again)
    if disagreement := _inner(content):
        wrong(*disagreement, "its own command", again)
    if content["device"] != "cpu" and unit.stage and not unit.stage.resources.get("gpu"):
        wrong("a run on the CPU, since the stage asks for no GPU", f"one on {content['device']}", "the graph", again)
    last = kept.index.get(unit.out)
    denied = kept.runs.denying(held)
    if denied:
        other, name = denied
        wrong(f"{name} as receipt {other.digest} lists it", "another, though all that determines it is the same",
              other.file, f"one of the two is false: rebuild {unit.name} and compare")  # fmt: skip
    if last is None or held.digest == last:
        return sound
    if held.digest in kept.by_digest and last in kept.by_digest:
        into.note(f"{unit.out}: an earlier run's outputs were restored; the last run here left receipt {last[:16]}")
    elif held.digest in kept.by_digest:
        into.add("receipt", unit.name, kept.index_place(unit.out), f"receipt {held.digest}", last or "nothing",
                 held.file, "retrace adopt writes the index anew")  # fmt: skip
    else:
        wrong(f"sha256 {last}", f"sha256 {held.digest}", kept.index_place(unit.out),
              again if denied else f"{again}; if it was pulled, retrace adopt checks and keeps it")  # fmt: skip
    return sound


def _inner(content: dict[str, Any]) -> tuple[str, str] | None:
    """What a receipt says twice must agree: the command holds layers, inputs and names of final files."""
    words: dict[str, list[str]] = {}
    for word in content["command"][1:]:
        if word.startswith("--"):
            words[word[2:]] = []
        elif words:
            words[next(reversed(words))].append(word)
    inputs = {key: path for key, _, path in (pair.partition("=") for pair in words.get("in", []))}
    name = Path(content["stage"]).name
    finals = sorted(f"{name}.{suffix}" for suffix in words.get("files", []))
    pairs = [
        ("verb", content["command"][:1], [content["verb"]]),
        ("output", words.get("out", []), [content["stage"]]),
        ("layers", words.get("block", []), content["layers"]),
        ("inputs", inputs, {key: entry["path"] for key, entry in content["inputs"].items()}),
        ("outputs", finals, sorted(content["outputs"]) if finals else []),
    ]
    wrong = [(f"{what} {said}", f"{what} {held}") for what, said, held in pairs if said != held]
    return wrong[0] if wrong else None


def check_links(
    unit: Unit, held: Evidence, seen: dict[str, Evidence], kept: Kept, into: Collector, strict: bool
) -> list[tuple[str, Difference]]:
    """Each input against its producer's receipt: the same receipt, or an earlier one that listed the same bytes.

    Without `strict` a producer that is not there is only noted. Returns what a waiver may excuse, with the producer's
    output: inputs whose producer has another receipt since.
    """
    changed = []
    for name, entry in sorted(held.content["inputs"].items()):
        path, consumed = entry["path"], entry["receipt"]
        producer, file = _producer(path, seen)
        if producer is None:
            if not strict and consumed:
                into.note(f"{unit.name}: the receipt {consumed[:16]} of {path}, which it consumed, is not here")
            elif consumed or path.startswith("results/"):
                into.add("chain", unit.name, held.file, f"the receipt {consumed} of {path}", "no such receipt here",
                         held.file, f"restore {path} with its receipt, or rebuild {unit.name}")  # fmt: skip
            continue
        lists = producer.outputs_digest(file)
        if consumed == producer.digest or (file and consumed is None and entry["sha256"] == lists):
            if entry["sha256"] != lists:
                into.add("chain", unit.name, held.file, f"input {name} with sha256 {lists}",
                         f"sha256 {entry['sha256']}", producer.file, f"rebuild {unit.name}")  # fmt: skip
            continue
        older = kept.by_digest.get(consumed or "")
        same = older and older.content["stage"] == path and older.outputs_digest() == entry["sha256"] == lists
        if older and same and supersedes(producer.content, older.content):
            into.note(f"{path}: receipt {producer.digest[:16]} supersedes {older.digest[:16]}, which {unit.name} "
                      f"consumed, with equal bytes; {_what_differs(older, producer)}")  # fmt: skip
        else:
            was, now = f"{entry['sha256']} (receipt {consumed})", f"{lists} (receipt {producer.digest})"
            changed.append(
                (producer.content["stage"], Difference("chain", f"{name} ({path})", was, now, producer.file))
            )
    return changed


def _producer(path: str, seen: dict[str, Evidence]) -> tuple[Evidence | None, str]:
    """The receipt of the folder at a path; or of the final files of which it is one, with the file's name."""
    if path in seen:
        return seen[path], ""
    name = Path(path).name
    for out, found in seen.items():
        if Path(out).parent == Path(path).parent and found.is_final and name in found.content["outputs"]:
            return found, name
    return None, ""


def _what_differs(old: Evidence, new: Evidence) -> str:
    one, other = old.content, new.content
    code = sorted(path for path in one["code"].keys() | other["code"].keys()
                  if one["code"].get(path) != other["code"].get(path))  # fmt: skip
    parts = [part for part in ("command", "params", "inputs", "environment", "gaps") if one[part] != other[part]]
    return f"between them differ {', '.join([*parts, *code]) or 'nothing but the outputs listed'}"
