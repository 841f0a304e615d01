"""The control of what strace sees: test_smoke.py holds the real stages to it."""

import shutil
import subprocess

import pytest

from stages import graph
from tests.house.toy_graph import BIN, ToyGraph
from tests.pipeline.opened import STRACE, undeclared

pytestmark = pytest.mark.skipif(
    shutil.which("strace") is None, reason="strace is not installed, so what stages open cannot be watched"
)
HIDDEN_READ = """
    import subprocess
    if job.name == "cub":
        Path("notes é.txt").read_bytes()
    else:
        subprocess.run(["cat", "notes é.txt"], check=True)
    read = ["""


def test_an_undeclared_read_is_seen_also_in_a_child_of_the_stage(tmp_path):
    """The control: one stage opens a file itself, another by a program that it starts, and no other does."""
    toy = ToyGraph(tmp_path / "a tree é")
    toy.write("notes é.txt", "secret\n")
    toy.edit("stages/render.py", "\n    read = [", HIDDEN_READ)
    toy.make_graph()
    trace = tmp_path / "trace"
    done = _traced(toy, trace)
    assert done.returncode == 0, done.stdout + done.stderr
    found, ran = undeclared(trace, toy.folder, graph.load(toy.folder))
    assert found == {f"render@{name}": {str(toy.folder / "notes é.txt")} for name in ("cub", "celebamask_hq")}
    assert len(ran) == 10


def _traced(toy: ToyGraph, trace) -> subprocess.CompletedProcess:
    return subprocess.run(
        [*STRACE, str(trace), str(BIN / "snakemake"), "--cores", "1"], cwd=toy.folder, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
