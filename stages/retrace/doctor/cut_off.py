"""Files that DVC writes in place: what a kill leaves of them is there and cannot be read."""

from stages.retrace.answer import Spoiled
from stages.retrace.dvc import locked


def dvc_lock() -> bool:
    """Whether DVC's list of what it made is there and DVC refuses it."""
    try:
        locked.stages()
    except Spoiled:
        return True
    return False
