"""Runs that a profile leaves out: the stage stays in the graph and says that it was not run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = "not_run.json"
KEY = "enabled"


def reason_to_skip(merged: Mapping[str, Any], inputs: Mapping[str, Path], follows: bool) -> str | None:
    """Why a stage is not run: its parameters say `enabled: false`, or, where it `follows`, an input was not run."""
    if merged.get(KEY) is False:
        return "enabled: false in this profile"
    skipped = sorted(name for name, path in inputs.items() if (path / FILE).is_file()) if follows else []
    return f"input {skipped[0]} was not run" if skipped else None


def write_skipped(out: Path, stage: str, reason: str) -> None:
    """The whole output of a stage that was not run."""
    text = json.dumps({"stage": stage, "reason": reason}, sort_keys=True, indent=1)
    (out / FILE).write_text(text + "\n", encoding="utf-8")
