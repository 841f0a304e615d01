"""What several test files share."""

import gc
import os
import signal
import sys
from pathlib import Path

import pytest

# One thread each, as the runner gives to stages; set before numpy and torch are imported. A process whose numeric
# library already runs threads must not be forked, as the engine's tests do.
for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
    os.environ[f"{library}_NUM_THREADS"] = "1"

# A shell has what it starts in the background ignore both, and what is started here would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos beside the checkout; skips where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("needs the real photos in ../shared/data, which this checkout does not have")
    return folder


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, so that no process ends long after the others (-n with --dist loadfile).

    Before all of them the whole pipeline under both engines, a quarter of all time in one file.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", item.path not in slow))


def pytest_collection_finish() -> None:
    """What was imported by now stays: not to collect among a gigabyte of it saves a seventh of all time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def pytest_runtest_setup() -> None:
    """What a test before it ran as a stage takes denormal numbers for 0, with which hypothesis draws none."""
    if torch := sys.modules.get("torch"):
        torch.set_flush_denormal(False)
