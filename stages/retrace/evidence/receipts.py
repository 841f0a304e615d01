"""The receipts that lie in results/, read for tracing: by content, by place, and by what they speak of.

Receipts are small and many, so they are found by their raw text first and parsed when needed; data files are not read.
"""

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stages.retrace.evidence import sound
from stages.retrace.evidence.sound import STORE, is_digest
from stages.runner import receipt

RECEIPT = "receipt.json"


@dataclass(frozen=True, eq=False)
class Receipt:
    """One receipt: the digest of its bytes, where they lie, and what they say."""

    digest: str
    place: Path
    content: dict[str, Any]

    @property
    def stage(self) -> str:
        """What the stage made: the path of its folder, or the common start of its final files."""
        return self.content["stage"]

    @property
    def fingerprint(self) -> str:
        return self.content["fingerprint"]

    @property
    def is_final(self) -> bool:
        """Whether it speaks of single files, not of a folder."""
        return "--files" in self.content["command"]

    @property
    def folder(self) -> Path:
        """Where its outputs lie."""
        return Path(self.stage).parent if self.is_final else Path(self.stage)

    def choice(self, name: str) -> str:
        """The value of one of the command's own words, such as seed or method; empty where there is none."""
        command = self.content["command"]
        return command[command.index(f"--{name}") + 1] if f"--{name}" in command else ""


class Shelf:
    """All receipts of the project in the current folder that a run may have left there; no other counts."""

    def __init__(self) -> None:
        self._read: dict[Path, Receipt | None] = {}
        self.spoiled: dict[Path, str] = {}  # what lies where a receipt should, and why it is none; as far as read

    @cached_property
    def in_place(self) -> list[Path]:
        """Where stages leave their receipts: inside folders of the store, and by name for final files."""
        found = sorted(
            path for path in _entries(receipt.RECEIPTS) if path.suffix == ".json" and not is_digest(path.stem)
        )
        for root, folders, files in os.walk(STORE, onerror=_refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if RECEIPT in (*folders, *files):
                found.append(Path(root, RECEIPT))
                folders.clear()
        return found

    @cached_property
    def kept(self) -> list[Path]:
        """The receipts kept by content, those of earlier runs among them."""
        return sorted(path for path in _entries(receipt.RECEIPTS) if path.suffix == ".json" and is_digest(path.stem))

    @cached_property
    def current(self) -> dict[str, Receipt]:
        """Each stage's present receipt, by what it made."""
        return {found.stage: found for place in self.in_place if (found := self.read(place))}

    @cached_property
    def _digests(self) -> dict[str, Receipt]:
        return {found.digest: found for found in self.current.values()}

    def read(self, place: Path) -> Receipt | None:
        """The receipt at a place; None where there is none, or one that vouches for nothing: `spoiled` says why."""
        if place not in self._read:
            self._read[place] = None
            try:
                held = sound.read(place)
                self._read[place] = Receipt(held.digest, place, held.content)
            except (OSError, ValueError) as problem:
                if os.path.lexists(place):
                    self.spoiled[place] = f"{place} is no receipt of a run: {problem}"
        return self._read[place]

    def by_digest(self, digest: str, stage: str = "") -> Receipt | None:
        """The receipt with exactly these bytes, first looked for where its stage leaves it; None where it is lost."""
        places = [Path(stage, "receipt.json"), receipt.RECEIPTS / f"{digest}.json"]
        for place in places:
            if (found := self.read(place)) and found.digest == digest:
                return found
        return self._digests.get(digest)

    def inputs(self, node: Receipt) -> Iterator[tuple[str, dict[str, Any], Receipt | None]]:
        """(name, entry, the producer's receipt or None for a source file) of each input, sorted by name."""
        for name, entry in sorted(node.content["inputs"].items()):
            yield name, entry, self.by_digest(entry["receipt"], entry["path"]) if entry["receipt"] else None

    def upstream(self, node: Receipt) -> list[Receipt]:
        """Everything a receipt rests on and itself, each once, producers first."""
        order: dict[str, Receipt] = {}
        waiting = [(node, False)]
        while waiting:
            at, is_ready = waiting.pop()
            if is_ready:
                order[at.digest] = at
            elif at.digest not in order:
                before = [by for _, _, by in self.inputs(at) if by]
                waiting += [(at, True), *((by, False) for by in reversed(before))]
        return list(order.values())

    def lost(self, node: Receipt) -> list[dict[str, Any]]:
        """Inputs anywhere before a receipt whose producers' receipts are not here."""
        return [entry for at in self.upstream(node) for _, entry, by in self.inputs(at) if entry["receipt"] and not by]

    def is_current(self, node: Receipt) -> bool:
        """Whether it is its stage's present receipt, not that of an earlier run."""
        present = self.current.get(node.stage)
        return present is not None and present.digest == node.digest

    def holding(self, text: str) -> list[Receipt]:
        """All receipts whose bytes hold a text, each once, present ones first."""
        found: dict[str, Receipt] = {}
        for place in [*self.in_place, *self.kept]:
            if place.is_file() and text.encode() in place.read_bytes() and (node := self.read(place)):
                found.setdefault(node.digest, node)
        return list(found.values())

    def owner(self, path: Path) -> Receipt | None:
        """The present receipt that lists a path of this project among its outputs, or the receipt that lies there."""
        if path.parent == receipt.RECEIPTS and (node := self.read(path)):
            return node
        if place := self.above(path):
            return self.read(place)
        finals = [node for node in self.current.values() if node.is_final]
        names = {file: node for node in finals for file in (*outputs(node), node.place.as_posix(), node.stage)}
        return names.get(path.as_posix())

    def problem(self, path: Path) -> str:
        """Why what lies where a path's receipt should vouches for nothing; empty where a receipt does, or none lies."""
        place = self.above(path) or next(
            (one for one in self.in_place if one.parent == receipt.RECEIPTS and _is_of(one, path)), None
        )
        return self.spoiled.get(place, "") if place and self.read(place) is None else ""

    def above(self, path: Path) -> Path | None:
        """The receipt of the folder that a path lies in: the outermost, since what lies in an output is part of it."""
        folders = [folder for folder in (*reversed(path.parents), path) if folder.is_relative_to(STORE)]
        return next((folder / RECEIPT for folder in folders if os.path.lexists(folder / RECEIPT)), None)


@cache
def outputs(node: Receipt) -> dict[str, dict[str, Any]]:
    """A receipt's outputs by their paths in the project."""
    folder = node.folder.as_posix()
    return {f"{folder}/{name}": entry for name, entry in sorted(node.content["outputs"].items())}


def file_sha256(path: Path) -> str:
    """Reads every byte; no cache is believed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _is_of(place: Path, path: Path) -> bool:
    """Whether a path is a receipt, or a final file that would be listed by a receipt of this name."""
    return path == place or (path.name.startswith(f"{place.stem}.") and path.parent in sound.FINALS)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _refuse(error: OSError) -> None:
    """os.walk passes over a folder that may not be read, as if nothing were built there."""
    if not isinstance(error, FileNotFoundError):
        raise error
