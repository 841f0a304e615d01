"""Two engines at once in one checkout: no stage runs twice at the same time, and the result is right."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.killable import PATIENCE_S, PatientGraph
from tests.faults.kills import until
from tests.house.toy_graph import BIN

# Every execution notes its begin and its end by its stage's address, for raw data and a table may share their last
# word; one hangs in between if it is told to.
NOTED = """
    import os, time
    with open(".work/executions", "a") as stream:
        stream.write(f"begin {job.verb}/{job.name} {os.getpid()}\\n")
    hang = Path(".work/hang")
    if hang.exists():
        hang.unlink()
        time.sleep(600)
    time.sleep(0.3)
    read = ["""
ENDED = """
    with open(".work/executions", "a") as stream:
        stream.write(f"end {job.verb}/{job.name} {os.getpid()}\\n")

if __name__"""
COMMANDS = {
    "snakemake": ["snakemake", "--cores", "1", "results/tables/cub.csv"],
    "dvc": ["dvc", "repro", "toy_tabulate@cub"],
}
# What a loser may say: that another engine has the folder, or that an input is being, or was meanwhile, made anew.
CLEAR = (
    "cannot be locked", "Unable to acquire lock", "is busy, it is being blocked", "no stage has made yet",
    "No such file", "has no receipt", "was made anew",
)  # fmt: skip


def noted(folder: Path) -> PatientGraph:
    tree = PatientGraph(folder)
    for verb in ("render", "train", "tabulate"):
        tree.edit(f"stages/{verb}.py", "\n    read = [", NOTED)
        tree.edit(f"stages/{verb}.py", "\nif __name__", ENDED)
    tree.make_graph()
    assert (folder / ".work").is_dir()
    return tree


def started(tree: PatientGraph, engine: str, number: int) -> tuple[subprocess.Popen, Path]:
    log = tree.folder.parent / f"{tree.folder.name} {number}.log"
    with log.open("w") as stream:
        words = [str(BIN / COMMANDS[engine][0]), *COMMANDS[engine][1:]]
        return subprocess.Popen(
            words, cwd=tree.folder, env=tree.environment(), stdout=stream, stderr=subprocess.STDOUT
        ), log


@pytest.fixture(scope="module")
def whole(quick) -> PatientGraph:
    """One engine alone."""
    tree = noted(quick / "whole")
    assert tree.snakemake(*COMMANDS["snakemake"][1:]).returncode == 0
    return tree


@pytest.mark.parametrize("pair", [("snakemake", "dvc"), ("snakemake", "snakemake"), ("dvc", "dvc")], ids="+".join)
def test_no_two_executions_of_a_stage_overlap_and_the_bytes_are_right(whole, quick, pair):
    tree = noted(quick / "+".join(pair))
    first, first_log = started(tree, pair[0], 0)
    until((tree.folder / ".work/executions").exists, "the first never began")
    second, second_log = started(tree, pair[1], 1)
    codes = [first.wait(PATIENCE_S), second.wait(240)]
    for code, log in zip(codes, (first_log, second_log), strict=True):
        text = log.read_text()
        assert code == 0 or any(words in text for words in CLEAR), text[-3000:]
    assert 0 in codes, first_log.read_text()[-2000:] + second_log.read_text()[-2000:]
    at_work: dict[str, str] = {}
    for line in (tree.folder / ".work/executions").read_text().splitlines():
        what, stage, process = line.split()
        if what == "begin":
            assert stage not in at_work, f"{stage} was begun by {process} while {at_work.get(stage)} made it"
            at_work[stage] = process
        else:
            assert at_work.pop(stage) == process
    assert tree.results() == whole.results()


def test_the_death_of_the_one_that_works_frees_the_one_that_waits(whole, quick):
    """The lock is the kernel's: the waiting engine's stage goes on at once when the other's is killed.

    Snakemake keeps the outputs of its failed job (profiles/default): they may be what DVC has just made.
    """
    tree = noted(quick / "freed")
    (tree.folder / ".work/hang").touch()
    first, _ = started(tree, "snakemake", 0)
    until((tree.folder / ".work/executions").exists, "the first never began")
    second, log = started(tree, "dvc", 1)
    time.sleep(0.1)
    until(lambda: "is making this; waiting" in log.read_text() or second.poll() is not None, "it never waited")
    _, stage, holder = (tree.folder / ".work/executions").read_text().split()[:3]
    os.kill(int(holder), 9)
    first.wait(PATIENCE_S)
    assert second.wait(PATIENCE_S) == 0, log.read_text()[-3000:]
    after = (tree.folder / ".work/executions").read_text().split("\n", 1)[1]
    assert f"begin {stage} " in after, "the waiting one went on"
    assert tree.results() == whole.results()
    # Snakemake remembers its own failure; adopt tells it what DVC has made since.
    assert tree.retrace("adopt", "toy_tabulate@cub").returncode == 0
    done = tree.snakemake("-n", *COMMANDS["snakemake"][1:])
    assert "Nothing to be done" in done.stdout + done.stderr, (done.stdout + done.stderr)[-3000:]
