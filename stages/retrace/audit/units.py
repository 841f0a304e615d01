"""What is audited: each built stage with its receipt, read so that nothing in the file can stop the audit."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stages import graph
from stages.graph import Stage
from stages.retrace.evidence import current, shape
from stages.runner import receipt

STORE = Path("results/store")


@dataclass(frozen=True)
class Unit:
    """A stage by what it makes: a folder, or the common prefix of final files."""

    out: str
    name: str  # DVC's address; the output's path where the graph of today has no such stage
    stage: Stage | None
    place: str  # where its receipt lies

    @property
    def is_final(self) -> bool:
        return Path(self.place).parent == receipt.RECEIPTS

    def built(self) -> bool:
        """Whether anything that the stage makes is there."""
        return any(os.path.lexists(out) for out in (self.stage.outs if self.stage else (self.out,)))

    def path(self, name: str) -> str:
        """Where one of its outputs lies."""
        return (Path(self.out).parent / name if self.is_final else Path(self.out, name)).as_posix()


@dataclass(frozen=True)
class Evidence:
    """A receipt as it lies on the disk."""

    file: str
    digest: str
    content: dict[str, Any]

    @property
    def is_final(self) -> bool:
        """Whether it speaks of single files beside others, not of a folder."""
        return "--files" in self.content["command"]

    def outputs_digest(self, name: str = "") -> str:
        """The sha256 that a consumer of the folder, or of one final file, must have seen."""
        entries = self.content["outputs"]
        return entries.get(name, {}).get("sha256", "") if name else _lines(
            f"{entry['sha256']}  {path}" for path, entry in entries.items()
        )  # fmt: skip


def _lines(lines: Iterable[str]) -> str:
    """sha256 over lines, sorted by what stands behind the digest, as `digest.listing_digest` does."""
    ordered = sorted(lines, key=lambda line: line[66:])
    return hashlib.sha256("".join(f"{line}\n" for line in ordered).encode()).hexdigest()


def root_of(entries: dict[str, str]) -> str:
    """One digest over many: sha256 of sorted lines `digest  path`."""
    return _lines(f"{digest}  {path}" for path, digest in entries.items())


def parse(raw: bytes, file: str) -> Evidence:
    """Reads a receipt's bytes.

    Raises: ValueError saying why they are no receipt that the runner wrote.
    """
    return Evidence(file, hashlib.sha256(raw).hexdigest(), shape.read(raw))


@cache
def out_of(stage: Stage) -> str:
    """What a stage's command gives as --out."""
    return current.arguments(stage).out.as_posix()


def of_graph(stages: Iterable[Stage]) -> dict[str, Unit]:
    """A unit for each stage of the graph, by its output."""
    return {out_of(stage): Unit(out_of(stage), stage.name, stage, current.receipt_path(stage).as_posix())
            for stage in stages}  # fmt: skip


def outside(known: dict[str, Unit], index: Iterable[str]) -> dict[str, Unit]:
    """What earlier graphs or other profiles made and left: outputs with a receipt that no stage of today makes."""
    found = {}
    for folder, folders, files in os.walk(STORE):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if Path(folder).as_posix() in known:
            folders.clear()
        elif "receipt.json" in files:
            found[Path(folder).as_posix()] = f"{Path(folder).as_posix()}/receipt.json"
            folders.clear()
    for out in index:
        place = receipt.location(Path(out), is_final=True)
        if out not in known and not out.startswith(f"{STORE.as_posix()}/") and place.is_file():
            found[out] = place.as_posix()
    taken = {unit.place for unit in known.values()}
    return {out: Unit(out, out, None, place) for out, place in sorted(found.items()) if place not in taken}


def in_order(units: dict[str, Unit], links: dict[str, list[str]]) -> list[Unit]:
    """Units with producers first, otherwise as given; receipts that speak of each other in a circle stay as given."""
    order: dict[str, Unit] = {}

    def visit(out: str, above: frozenset[str]) -> None:
        if out in order or out in above or out not in units:
            return
        for before in links.get(out, []):
            visit(before, above | {out})
        order[out] = units[out]

    for out in units:
        visit(out, frozenset())
    return list(order.values())


def producers(unit: Unit, made: dict[str, Stage], evidence: Evidence | None) -> list[str]:
    """The outputs that a unit is made from, by the graph and by its receipt."""
    found = [out_of(made[dep]) for dep in unit.stage.deps if dep in made] if unit.stage else []
    if evidence:
        found += [entry["path"] for entry in evidence.content["inputs"].values()]
    return list(dict.fromkeys(found))


def wanted(stages: tuple[Stage, ...], targets: Iterable[str]) -> list[Stage]:
    """The stages that targets need; all where none are named."""
    named = list(targets)
    return graph.ancestors(stages, named) if named else list(stages)
