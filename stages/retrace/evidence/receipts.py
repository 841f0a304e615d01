"""The receipts that lie in results/, read for tracing: by content, by place, and by what they speak of.

Receipts are small and many, so they are found by their raw text first and parsed when needed; data files are not read.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stages.runner import receipt

STORE = Path("results/store")
HEX = frozenset("0123456789abcdef")


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


def is_digest(text: str, least: int = 64) -> bool:
    """Whether a text can be a sha256, or the first digits of one."""
    return least <= len(text) <= 64 and set(text) <= HEX


class Shelf:
    """All receipts of the project in the current folder."""

    def __init__(self) -> None:
        self._read: dict[Path, Receipt] = {}

    @cached_property
    def in_place(self) -> list[Path]:
        """Where stages leave their receipts: inside folders of the store, and by name for final files."""
        found = sorted(
            path for path in _entries(receipt.RECEIPTS) if path.suffix == ".json" and not is_digest(path.stem)
        )
        for root, folders, files in os.walk(STORE):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            if "receipt.json" in files:
                found.append(Path(root, "receipt.json"))
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
    def _digests(self) -> dict[str, Path]:
        return {file_sha256(place): place for place in self.in_place}

    def read(self, place: Path) -> Receipt | None:
        """The receipt at a place; None where there is none, or one that cannot be read (an audit says so)."""
        if place not in self._read:
            try:
                content = receipt.read(place)
            except (FileNotFoundError, ValueError):
                return None
            self._read[place] = Receipt(file_sha256(place), place, content)
        return self._read[place]

    def by_digest(self, digest: str, stage: str = "") -> Receipt | None:
        """The receipt with exactly these bytes, first looked for where its stage leaves it; None where it is lost."""
        places = [Path(stage, "receipt.json"), receipt.RECEIPTS / f"{digest}.json"]
        for place in places:
            if (found := self.read(place)) and found.digest == digest:
                return found
        place = self._digests.get(digest)
        return self.read(place) if place else None

    def inputs(self, node: Receipt) -> Iterator[tuple[str, dict[str, Any], Receipt | None]]:
        """(name, entry, the producer's receipt or None for a source file) of each input, sorted by name."""
        for name, entry in sorted(node.content["inputs"].items()):
            yield name, entry, self.by_digest(entry["receipt"], entry["path"]) if entry["receipt"] else None

    def upstream(self, node: Receipt) -> list[Receipt]:
        """Everything a receipt rests on and itself, each once, producers first."""
        order: dict[str, Receipt] = {}

        def visit(at: Receipt) -> None:
            if at.digest not in order:
                for _, _, before in self.inputs(at):
                    if before:
                        visit(before)
                order[at.digest] = at

        visit(node)
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
            if text.encode() in place.read_bytes() and (node := self.read(place)):
                found.setdefault(node.digest, node)
        return list(found.values())

    def owner(self, path: Path) -> Receipt | None:
        """The present receipt that lists a path of this project among its outputs, or the receipt that lies there."""
        if path.parent == receipt.RECEIPTS and (node := self.read(path)):
            return node
        for place in (path / "receipt.json", *(folder / "receipt.json" for folder in path.parents)):
            if place.is_relative_to("results") and place.is_file():
                return self.read(place)
        finals = [node for node in self.current.values() if node.is_final]
        names = {file: node for node in finals for file in (*outputs(node), node.place.as_posix(), node.stage)}
        return names.get(path.as_posix())


@cache
def outputs(node: Receipt) -> dict[str, dict[str, Any]]:
    """A receipt's outputs by their paths in the project."""
    folder = node.folder.as_posix()
    return {f"{folder}/{name}": entry for name, entry in sorted(node.content["outputs"].items())}


def file_sha256(path: Path) -> str:
    """Reads every byte; no cache is believed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_output(node: Receipt, name: str) -> Any:
    """The content of a stage's JSON file, only if it is what the receipt says.

    Raises: FileNotFoundError where it is not there, ValueError where its bytes are others.
    """
    path = node.folder / name
    if not path.is_file():
        raise FileNotFoundError(f"expected {path}, which its receipt lists; build it again or pull it")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != node.content["outputs"][name]["sha256"]:
        raise ValueError(f"{path} has other bytes than its receipt says; `retrace audit` finds what was altered")
    return json.loads(content)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
