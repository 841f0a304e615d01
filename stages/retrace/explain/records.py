"""What each engine itself remembers of a stage: its last command, parameters, code and source files.

Receipts hold what a result depends on; the engines also follow what a stage merely declares: keys that a later layer
overrides, the count of threads.
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
from stages.retrace.dvc import locked
from stages.retrace.dvc.entries import code_of, values_of

METADATA = Path(".snakemake/metadata")


@dataclass(frozen=True)
class Record:
    """An engine's memory of a stage; `sums` holds the digests of source files, by the algorithm of this name."""

    command: str
    params: Mapping[str, Any]
    code: str
    algorithm: str
    sums: Mapping[str, str]

    def changed(self, path: str) -> bool | None:
        """Whether a source file has other bytes than remembered; None if it is not followed."""
        place = Path(path)
        if path not in self.sums:
            return None
        if not place.is_file():
            return False
        return hashlib.new(self.algorithm, place.read_bytes(), usedforsecurity=False).hexdigest() != self.sums[path]


class Records:
    """The memories of both engines, read when they are asked for."""

    def of(self, stage: Stage) -> list[Record]:
        """Those that there are, Snakemake's first."""
        return [record for record in (self._snakemake(stage), self._dvc(stage)) if record]

    def _snakemake(self, stage: Stage) -> Record | None:
        path = METADATA / base64.urlsafe_b64encode(stage.outs[0].encode()).decode()
        try:
            if not path.is_file():
                return None
            held = json.loads(path.read_text(encoding="utf-8"))
            values = [ast.literal_eval(text) for text in held["params"]]
            known = dict(held.get("input_checksums") or {})
        except (OSError, ValueError, KeyError, SyntaxError, TypeError, AttributeError, RecursionError, MemoryError):
            return None
        texts = [value for value in values if isinstance(value, str)]
        command = next((text for text in texts if text.startswith("exec ")), "")
        code = next((text for text in texts if not text.startswith("exec ")), "")
        params = next((value for value in values if isinstance(value, dict)), {})
        sums = {name: text.removeprefix("sha256:") for name, text in known.items() if str(text).startswith("sha256:")}
        return Record(command, params, code, "sha256", sums)

    def _dvc(self, stage: Stage) -> Record | None:
        held = self._locked.get(stage.name)
        if held is None:
            return None
        # What stages made is looked at through its receipts.
        followed = [dep for dep in held.get("deps", []) if not dep["path"].startswith("results/")]
        sums = {dep["path"]: dep["md5"] for dep in followed if "md5" in dep}
        return Record(held["cmd"], values_of(held), code_of(held), "md5", sums)

    @cached_property
    def _locked(self) -> dict[str, Any]:
        return locked.stages()
