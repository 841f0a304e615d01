"""What DVC's lock says of each stage, read as DVC reads it: by its YAML, in which 1e-08 is a number, and its schema."""

import os
from pathlib import Path
from typing import Any

from stages.retrace.answer import Spoiled
from stages.retrace.dvc.store import read_yaml

LOCK = Path("dvc.lock")
REMEDY = "take it from git (git checkout dvc.lock), or remove it and run retrace adopt, which writes it anew"


def stages(lock: Path = LOCK) -> dict[str, dict[str, Any]]:
    """The entries of a dvc.lock by stage; none where there is no lock.

    Raises: Spoiled where DVC would refuse it; OSError where it may not be read.
    """
    from dvc.schema import COMPILED_LOCKFILE_SCHEMA
    from voluptuous import Invalid

    if not os.path.lexists(lock):
        return {}
    if not lock.is_file():
        raise Spoiled(f"{LOCK}: expected a file, found a folder, a pipe or a link that leads nowhere; {REMEDY}")
    try:
        content: dict[str, Any] = COMPILED_LOCKFILE_SCHEMA(read_yaml(lock))  # pyright: ignore[reportAssignmentType]
        return content.get("stages", {})
    except (ValueError, Invalid) as error:
        raise Spoiled(f"{LOCK} is not what DVC writes: {error}; {REMEDY}") from None
    except RecursionError:
        raise Spoiled(f"{LOCK} is not what DVC writes: it is nested too deeply; {REMEDY}") from None
