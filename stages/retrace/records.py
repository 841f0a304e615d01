"""What each engine itself remembers of a stage: its last command, parameters and files.

Receipts hold what a result depends on; the engines also follow what a stage merely declares: keys that a later layer
overrides, code that its group lists and it does not import, the count of threads.
"""

import ast
import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stages.graph import Stage
from stages.retrace.origins import load_yaml

METADATA = Path(".snakemake/metadata")
LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Record:
    """An engine's memory of a stage; `sums` holds the digests of files, by the algorithm of this name."""

    command: str
    params: Mapping[str, Any]
    deps: frozenset[str]
    algorithm: str
    sums: Mapping[str, str]

    def knows(self, path: str) -> bool:
        """Whether this engine followed a file, alone or within a folder."""
        return path in self.deps or any(str(parent) in self.deps for parent in Path(path).parents)

    def changed(self, path: str) -> bool:
        """Whether a file has other bytes than the engine remembers; False where it remembers none."""
        if path not in self.sums or not Path(path).is_file():
            return False
        return (
            hashlib.new(self.algorithm, Path(path).read_bytes(), usedforsecurity=False).hexdigest() != self.sums[path]
        )


class Records:
    """The memories of both engines, read when they are asked for."""

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
        return Record(command, params, frozenset(held.get("input") or ()), "sha256", sums)

    def _dvc(self, stage: Stage) -> Record | None:
        held = self._locked.get(stage.name)
        if not isinstance(held, dict):
            return None
        deps = held.get("deps") or []
        sums = {dep["path"]: dep["md5"] for dep in deps if not str(dep.get("md5", ".dir")).endswith(".dir")}
        params = (held.get("params") or {}).get("params.yaml") or {}
        return Record(held["cmd"], params, frozenset(dep["path"] for dep in deps), "md5", sums)

    @cached_property
    def _locked(self) -> dict[str, Any]:
        content = load_yaml(LOCK) if LOCK.is_file() else None
        return (content or {}).get("stages") or {}
