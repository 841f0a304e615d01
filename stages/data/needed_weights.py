"""A weights file that the user supplies for a teacher, or none where the teacher is taught here."""

import hashlib
import os
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from stages import block
from stages.data import checksum, weights_kind

# Sources besides `file` that bring a weights file of their own, under the key <source>_file.
OTHER_SOURCES = {"detectron2"}


class Block(block.Block):
    """Any layers with keys `<name>file` beside `<name>sha256`; the stage itself reads and checks all keys."""

    # No field of its own: a default here would stand in receipts as a parameter that no file holds.
    model_config = ConfigDict(extra="allow")

    def files(self) -> dict[str, tuple[str, str]]:
        """key -> (path, sha256) of each weights file in use.

        `file` counts where source is file, `x_file` where it names a file, but for sources x that are not chosen.
        """
        found = {}
        values = self.model_extra or {}
        source = values.get("source", "")
        for key, path in values.items():
            partner = key.removesuffix("file") + "sha256"
            if not key.endswith("file") or partner not in values:
                continue
            name = key.removesuffix("_file")
            chosen = source == "file" if key == "file" else bool(path) and name not in OTHER_SOURCES - {source}
            if chosen:
                found[key] = (path, checksum.plain(values[partner]))
        return found


def missing(name: str, wanted: Block, card: Path | None = None) -> list[str]:
    """Weights files that are absent or other ones than named: one text each. No card speaks of weights."""
    return [text for key, (path, sha256) in wanted.files().items() for text in _missing(name, key, path, sha256)]


def state(wanted: Block) -> dict[str, Any]:
    """What preflight.json says of a need that is met."""
    return {"files": {key: {"file": path, "sha256": sha256} for key, (path, sha256) in wanted.files().items()}}


def _missing(name: str, key: str, file: str, sha256: str) -> list[str]:
    path, problem = Path(file), ""
    if not file or not os.path.isfile(path):
        problem = "a folder" if file and os.path.isdir(path) else "there is no such file"
    elif lost := _lost(path):
        problem = lost
    elif len(sha256) != 64:
        problem = "the parameters state no sha256 of 64 hexadecimal digits for it"
    else:
        problem = _difference(path, sha256)
    if not problem:
        return []
    named = f"{file or '(no file named)'} with sha256 {sha256 or '(none named)'}"
    return [f"{name}: weights, key {key} of its layers in the parameters\n  expected: {named}\n  found: {problem}"]


def _lost(path: Path) -> str:
    """What is left of a download or a copy that went wrong; what cannot be read is told with its digest."""
    try:
        kind = weights_kind.kind_of(path)
    except OSError:
        return ""
    return f"{kind.says}; {kind.remedy}" if kind.lost else ""


def _difference(path: Path, sha256: str) -> str:
    try:
        with path.open("rb") as stream:
            came = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return "" if came == sha256 else f"its sha256 is {came}"
