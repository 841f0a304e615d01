"""Files that DVC writes in place: what a kill leaves of them is there and cannot be read."""

import json
from pathlib import Path

from stages.retrace.dvc import locked
from stages.retrace.report import Spoiled


def json_file(path: Path) -> bool:
    """Whether a JSON file is there and does not parse."""
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return True
    except OSError:
        return False
    return False


def dvc_lock() -> bool:
    """Whether DVC's list of what it made is there and DVC refuses it."""
    try:
        locked.stages()
    except Spoiled:
        return True
    return False
