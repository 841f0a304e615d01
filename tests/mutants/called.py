"""The tool as its tests call it."""

import subprocess
import sys

from tests.mutants.fault import ROOT


def every_fault_is_noticed(*words: str) -> None:
    """Fails with what `python -m tests.mutants` printed where it does not end with 0.

    In a process of its own, whose forks share no thread with what else was tested in this one.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", *words], cwd=ROOT, capture_output=True, text=True, timeout=3600
    )
    assert done.returncode == 0, done.stdout + done.stderr
