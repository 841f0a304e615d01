"""A weights file that the user supplies for a teacher, or none where the teacher is taught here."""

import hashlib
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from stages import block


class Block(block.Block):
    """Three keys of the layers `teacher.<name>`; the teach stage reads the same layers and checks all the others."""

    model_config = ConfigDict(extra="ignore")

    source: str
    file: str
    sha256: str


def missing(name: str, wanted: Block, card: Path | None = None) -> list[str]:
    """Whether the weights file is absent or another one than named: one text, or nothing. No card speaks of weights."""
    if wanted.source != "file":
        return []
    path, problem = Path(wanted.file), ""
    if not wanted.file or not path.is_file():
        problem = "there is no such file"
    elif len(wanted.sha256) != 64:
        problem = f"teacher.{name} in params.yaml states no sha256 of 64 hexadecimal digits for it"
    elif (came := _sha256(path)) != wanted.sha256:
        problem = f"its sha256 is {came}"
    if not problem:
        return []
    named = f"{wanted.file or '(no file named)'} with sha256 {wanted.sha256 or '(none named)'}"
    return [f"{name}: weights of teacher.{name} (source: file)\n  expected: {named}\n  found: {problem}"]


def state(wanted: Block) -> dict[str, Any]:
    """What preflight.json says of a need that is met."""
    return {"source": wanted.source, "file": wanted.file, "sha256": wanted.sha256}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
