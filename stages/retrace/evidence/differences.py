"""What of today's graph, parameters, code and locks differs from what a receipt says the run had."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages import graph
from stages.graph import Stage
from stages.retrace.evidence import current
from stages.retrace.evidence.cosmetic import is_cosmetic
from stages.runner import plan
from stages.runner.arguments import Arguments
from stages.runner.code import Code
from stages.runner.digest import file_digest, path_digest

ABSENT = "(absent)"
UNUSED = "(no code of this stage)"


@dataclass(frozen=True)
class Difference:
    """One source of a stage: its kind and name, the receipt's value and today's (a sha256 for files).

    A difference of code that is `cosmetic`, in comments, layout or docstrings alone, makes nothing stale.
    """

    kind: str  # command, parameter, code, environment, source, chain
    name: str
    old: Any
    new: Any
    file: str
    cosmetic: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The form that waivers keep."""
        return {"kind": self.kind, "name": self.name, "old": self.old, "new": self.new}

    def line(self) -> str:
        """In one line, as `adopt` lists it."""
        told = {"command": "the command", "parameter": f"the parameter {self.name}", "chain": f"the input {self.name}"}
        return f"{told.get(self.kind, f'the file {self.file}')} changed"


class Sources:
    """The files that define the results, in the working tree or in a revision laid out in a folder."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._digests: dict[str, str] = {}
        self._closures: dict[tuple[Any, ...], frozenset[str]] = {}

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        return graph.load(self.top)

    def digest(self, path: str) -> str:
        """sha256 of a file, or of a folder's listing; `(absent)` if there is neither. Each is read once."""
        if path not in self._digests:
            place = self.top / path
            known = file_digest(place) if place.is_file() else path_digest(place) if place.is_dir() else ABSENT
            self._digests[path] = known
        return self._digests[path]

    def differences(self, stage: Stage, content: dict[str, Any]) -> list[Difference]:
        """Everything but the inputs that other stages make, in the order command, parameters, files."""
        given = current.arguments(stage)
        found = []
        if content["command"] != list(given.canonical):
            command = " ".join(content["command"]), " ".join(given.canonical)
            found.append(Difference("command", "command", *command, "dvc.yaml"))
        found += parameters(stage, given.layers, content["params"])
        edited = self._code_differences(content)
        found += edited
        if all(one.cosmetic for one in edited):
            found += self._other_files(given, content["code"])
        lock = content["environment"]
        if lock["lock"] != plan.LOCK.as_posix():
            found.append(Difference("environment", "lock", lock["lock"], plan.LOCK.as_posix(), lock["lock"]))
        found += self._file("environment", lock["lock"], lock["sha256"], lock["lock"])
        made = {out for other in self.stages for out in other.outs}
        for name, entry in sorted(content["inputs"].items()):
            if entry["path"] not in made and entry["receipt"] is None:
                found += self._file("source", name, entry["sha256"], entry["path"])
        return found

    @cached_property
    def code(self) -> Code:
        """The source files by their syntax trees; what .work remembers is not believed, since it may be forged."""
        return Code(self.top, cached=False)

    def _code_differences(self, content: dict[str, Any]) -> list[Difference]:
        """Files with other bytes. The code is the same where its digest is, which leaves out what is cosmetic."""
        ran = content["code"]
        changed = {path: known for path, known in sorted(ran.items()) if self.digest(path) != known}
        if not changed:
            return []
        same = self.code.digest(ran) == content["code_digest"]
        # What git knows of a file goes before the receipt's digest, which may be forged for the very edit.
        judged = {path: is_cosmetic(path, known, self.top) for path, known in changed.items()}
        cosmetic = {path: same if one is None else one for path, one in judged.items()}
        if not same and all(cosmetic.values()):
            cosmetic = dict.fromkeys(changed, False)
        return [
            Difference("code", path, known, self.digest(path), path, cosmetic[path]) for path, known in changed.items()
        ]

    def _other_files(self, given: Arguments, ran: dict[str, str]) -> list[Difference]:
        """Files that the stage can import and its receipt does not list, and the reverse; no edit explains either."""
        key = given.verb, *given.choices.items()
        if key not in self._closures:
            roots = plan.roots(given.verb, plan.modules_of(given.verb, given.choices))
            try:
                self._closures[key] = frozenset(self.code.closure(roots))
            except FileNotFoundError as error:
                return [Difference("code", "code", f"{len(ran)} files", str(error), f"stages/{given.verb}.py")]
        closure = self._closures[key]
        missing = [Difference("code", path, ABSENT, self.digest(path), path) for path in sorted(closure - ran.keys())]
        return missing + [Difference("code", path, ran[path], UNUSED, path) for path in sorted(ran.keys() - closure)]

    def code_digest(self, content: dict[str, Any]) -> str | None:
        """The digest of the code that a receipt lists; None where a file of it has other bytes by now."""
        ran = content["code"]
        return None if any(self.digest(path) != known for path, known in ran.items()) else self.code.digest(ran)

    def _file(self, kind: str, name: str, known: str, path: str) -> list[Difference]:
        now = self.digest(path)
        return [] if now == known else [Difference(kind, name, known, now, path)]


def parameters(stage: Stage, layers: tuple[str, ...], known: dict[str, Any]) -> list[Difference]:
    """dvc.yaml lists a stage's layers as its params, under the names that its command gives."""
    merged: dict[str, Any] = {}
    setter: dict[str, str] = {}
    for layer in layers:
        held = stage.params.get(layer) or {}
        merged.update(held)
        setter.update(dict.fromkeys(held, layer))
    found = []
    for key in sorted(known.keys() | merged.keys()):
        old, new = known.get(key, ABSENT), _plain(merged.get(key, ABSENT))
        if old != new or isinstance(old, bool) != isinstance(new, bool):
            layer = setter.get(key, layers[0] if layers else "")
            found.append(Difference("parameter", key, old, new, stage.homes.get(layer, "dvc.yaml")))
    return found


def _plain(value: Any) -> Any:
    """A value of the YAML reader as JSON gives it back, as receipts do."""
    return json.loads(json.dumps(value))
