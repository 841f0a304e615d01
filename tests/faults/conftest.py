"""Where trees to be killed lie: in memory if the machine allows, since a busy disk takes seconds to flush."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 1 << 30


def place() -> str | None:
    """A folder in memory, or None for the usual place."""
    return str(MEMORY) if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH_BYTES else None


@pytest.fixture(scope="module")
def quick() -> Iterator[Path]:
    """A folder for one test file; its name has a space and a letter beyond ASCII."""
    with tempfile.TemporaryDirectory(prefix="faults é ", dir=place()) as name:
        yield Path(name)
