"""Not enough memory, which every library reports in words of its own."""

import errno
import re
from collections.abc import Mapping
from typing import Any

SAYS_SHORT = re.compile(r"out of memory|allocate memory|_ALLOC_FAILED|OutOfMemoryError", re.IGNORECASE)
SHOWN = 200


def short(failure: BaseException) -> bool:
    """Whether a failure means that memory, of the machine or of a GPU, was not enough; told without importing torch.

    torch's error for a GPU is known by its name, its allocator's for the CPU only by its words.
    """
    if isinstance(failure, MemoryError) or (isinstance(failure, OSError) and failure.errno == errno.ENOMEM):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(failure).__mro__):
        return True
    return isinstance(failure, RuntimeError) and bool(SAYS_SHORT.search(str(failure)))


def remedy(failure: BaseException, params: Mapping[str, Any], places: str) -> str:
    """What to tell the user: what was said, and the keys that make the work smaller, with their values."""
    said = next((line.strip() for line in str(failure).splitlines() if SAYS_SHORT.search(line)), "")
    said = f" ({said[:SHOWN]})" if said else ""
    keys = sorted(key for key in params if "batch" in key.split("_")) or [key for key in ("size_px",) if key in params]
    named = " or ".join(f"{key} (now {params[key]})" for key in keys)
    smaller = f"make {named} smaller in {places}, or " if named else ""
    where = "close what else uses the memory, or run it on a machine or GPU with more"
    return f"out of memory{said}: {smaller}{where}; as it is, it would fail again"
