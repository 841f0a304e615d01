"""Runs that a profile leaves out: the stage stays in the graph and says that it was not run."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

FILE = "not_run.json"
KEY = "enabled"


def reason_to_skip(
    merged: Mapping[str, Any], inputs: Mapping[str, Path], follows: bool, some: str = "", spare: Collection[str] = ()
) -> str | None:
    """Why a stage is not run: its parameters say `enabled: false`, or, where it `follows`, an input was not run.

    Of the inputs whose names begin with `some` one that was run is enough; the `spare` ones may all be missing.
    """
    if merged.get(KEY) is False:
        return "enabled: false in this profile"
    needed = {name: path for name, path in inputs.items() if follows and name not in spare}
    skipped = sorted(name for name, path in needed.items() if (path / FILE).is_file())
    alike = [name for name in needed if some and name.startswith(some)]
    if set(alike) - set(skipped):
        skipped = [name for name in skipped if name not in alike]
    elif alike and skipped:
        return f"no input {some}… was run"
    return f"input {skipped[0]} was not run" if skipped else None


def write_skipped(out: Path, stage: str, reason: str) -> None:
    """The whole output of a stage that was not run."""
    text = json.dumps({"stage": stage, "reason": reason}, sort_keys=True, indent=1)
    (out / FILE).write_text(text + "\n", encoding="utf-8")
