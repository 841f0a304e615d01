"""What each engine itself remembers of a stage: its last command, parameters and files.

Receipts hold what a result depends on; the engines also follow what a stage merely declares: keys that a later layer
overrides, code that its group lists and it does not import, the count of threads.
"""

import ast
import base64
import hashlib
import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.dvc_entries import tree_md5, values_of
from stages.retrace.origins import load_yaml

METADATA = Path(".snakemake/metadata")
LOCK = Path("dvc.lock")


class Sums:
    """Digests of today's files and folders, each read once."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def of(self, path: str, algorithm: str) -> str:
        """The digest of a file, or DVC's name for a folder of code; empty where there is neither."""
        key = path, algorithm
        if key not in self._found:
            self._found[key] = _digest(Path(path), algorithm)
        return self._found[key]


def _digest(path: Path, algorithm: str) -> str:
    if path.is_dir():
        # As .dvcignore has it.
        return tree_md5(path, lambda name: not name.endswith((".pyc", ".md")))
    return hashlib.new(algorithm, path.read_bytes(), usedforsecurity=False).hexdigest() if path.is_file() else ""


@dataclass(frozen=True)
class Record:
    """An engine's memory of a stage; `sums` holds the digests of files, by the algorithm of this name.

    DVC follows folders of code whole, Snakemake the files in them.
    """

    command: str
    params: Mapping[str, Any]
    deps: frozenset[str]
    algorithm: str
    sums: Mapping[str, str]
    whole_folders: bool
    today: Sums

    def changed(self, path: str) -> bool | None:
        """Whether a file, or the folder it is followed with, has other bytes than remembered; None if not followed."""
        place = next((one for one in (path, *map(str, Path(path).parents)) if one in self.sums), None)
        if place is None:
            return None
        now = self.today.of(place, self.algorithm)
        return bool(now) and now != self.sums[place]

    def differing(self, stage: Stage, used: Set[str]) -> dict[str, str]:
        """Why the engine would run the stage, among dependencies that are not `used`: path -> gone, new or other."""
        listed = set(stage.raw_deps if self.whole_folders else stage.deps)
        found = dict.fromkeys(self.deps - listed, "gone") | dict.fromkeys(listed - self.deps - used, "new")
        return found | {path: "other" for path in (self.deps & listed) - used if self.changed(path)}


class Records:
    """The memories of both engines, read when they are asked for."""

    def __init__(self) -> None:
        self.today = Sums()

    def of(self, stage: Stage) -> list[Record]:
        """Those that there are, Snakemake's first."""
        return [record for record in (self._snakemake(stage), self._dvc(stage)) if record]

    def _snakemake(self, stage: Stage) -> Record | None:
        path = METADATA / base64.urlsafe_b64encode(stage.outs[0].encode()).decode()
        try:
            held = json.loads(path.read_text(encoding="utf-8"))
            values = [ast.literal_eval(text) for text in held["params"]]
        except (OSError, ValueError, KeyError, SyntaxError, TypeError):
            return None
        command = next((value for value in values if isinstance(value, str)), "")
        params = next((value for value in values if isinstance(value, dict)), {})
        known = held.get("input_checksums") or {}
        sums = {name: text.removeprefix("sha256:") for name, text in known.items() if str(text).startswith("sha256:")}
        return Record(command, params, frozenset(held.get("input") or ()), "sha256", sums, False, self.today)

    def _dvc(self, stage: Stage) -> Record | None:
        held = self._locked.get(stage.name)
        if not isinstance(held, dict):
            return None
        deps = held.get("deps") or []
        # Folders of data are looked at through their receipts.
        followed = [
            dep for dep in deps if not (dep["path"].startswith("results/") and dep.get("md5", "").endswith(".dir"))
        ]
        sums = {dep["path"]: dep["md5"] for dep in followed if "md5" in dep}
        params = values_of(held)
        return Record(held["cmd"], params, frozenset(dep["path"] for dep in deps), "md5", sums, True, self.today)

    @cached_property
    def _locked(self) -> dict[str, Any]:
        content = load_yaml(LOCK) if LOCK.is_file() else None
        return (content or {}).get("stages") or {}
