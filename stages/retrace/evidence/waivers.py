"""Differences that a person accepted: separate files beside the chain, each named by its own sha256.

A waiver excuses one receipt for one difference, old value to new value; another edit is another difference.
"""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stages.retrace.evidence.differences import Difference
from stages.runner import receipt

WAIVERS = receipt.RECEIPTS / "waivers"
SCHEMA = 1


def record(stage: str, receipt_digest: str, differences: list[Difference], reason: str) -> Path:
    """Writes a waiver and returns its path; the same waiver twice is one file."""
    content = {
        "schema": SCHEMA,
        "stage": stage,
        "receipt": receipt_digest,
        "changes": [change.as_dict() for change in differences],
        "reason": reason,
    }
    path = WAIVERS / f"{receipt.digest(content)}.json"
    receipt.write(path, receipt.encode(content))
    return path


class _Waiver(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")
    schema_: int = Field(alias="schema")
    stage: str
    receipt: str
    changes: list[dict[str, Any]]
    reason: str


class Waivers:
    """All waivers of a tree, and the files there that are none."""

    def __init__(self, folder: Path = WAIVERS) -> None:
        self.contents: dict[str, dict[str, Any]] = {}
        self.spoiled: dict[str, str] = {}
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            raw = path.read_bytes() if path.is_file() else b""
            try:
                content = _Waiver.model_validate_json(raw).model_dump(by_alias=True)
            except ValidationError:
                self.spoiled[path.as_posix()] = "no waiver" if path.is_file() else "no plain file"
                continue
            digest = receipt.digest(content)
            if raw != receipt.encode(content) or path.name != f"{digest}.json":
                self.spoiled[path.as_posix()] = digest
            else:
                self.contents[digest] = content

    def reason(self, stage: str, receipt_digest: str, difference: Difference) -> tuple[str, str] | None:
        """(digest, reason) of the waiver that excuses this difference, if one does."""
        for digest, content in self.contents.items():
            same = (content["stage"], content["receipt"]) == (stage, receipt_digest)
            if same and difference.as_dict() in content["changes"]:
                return digest, content["reason"]
        return None
