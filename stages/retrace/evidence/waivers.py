"""Differences that a person accepted: separate files beside the chain, each named by its own sha256.

A waiver excuses one receipt for one difference, old value to new value; another edit is another difference.
"""

import json
from pathlib import Path
from typing import Any

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


class Waivers:
    """All waivers of a tree, and the files there that are none."""

    def __init__(self, folder: Path = WAIVERS) -> None:
        self.contents: dict[str, dict[str, Any]] = {}
        self.spoiled: dict[str, str] = {}
        for path in sorted(folder.glob("*")) if folder.is_dir() else []:
            raw = path.read_bytes()
            try:
                content = json.loads(raw)
                shown = {"schema", "stage", "receipt", "changes", "reason"} == set(content)
            except (UnicodeDecodeError, json.JSONDecodeError, TypeError):
                content, shown = {}, False
            digest = receipt.digest(content) if shown else ""
            if not shown or raw != receipt.encode(content) or path.name != f"{digest}.json":
                self.spoiled[path.as_posix()] = digest or "no waiver"
            else:
                self.contents[digest] = content

    def reason(self, stage: str, receipt_digest: str, difference: Difference) -> tuple[str, str] | None:
        """(digest, reason) of the waiver that excuses this difference, if one does."""
        for digest, content in self.contents.items():
            same = (content["stage"], content["receipt"]) == (stage, receipt_digest)
            if same and difference.as_dict() in content["changes"]:
                return digest, content["reason"]
        return None
