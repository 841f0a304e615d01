"""Two engines at once in one checkout: no stage runs twice at the same time, and the result is right."""

import os
import time

import pytest

from tests.faults.killable import PATIENCE_S, PatientGraph
from tests.faults.kills import until
from tests.faults.pairs import COMMANDS, noted, overlaps, pairs, started

# What a loser may say: that another engine has the folder, or that an input is being, or was meanwhile, made anew.
CLEAR = (
    "cannot be locked", "Unable to acquire lock", "is busy, it is being blocked", "no stage has made yet",
    "No such file", "has no receipt", "was made anew",
)  # fmt: skip


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
    assert overlaps((tree.folder / ".work/executions").read_text().splitlines(), {}, {}) == []
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


def test_random_pairs_and_kills_make_no_stage_twice_at_a_time(quick):
    """`make soak` does many more."""
    assert pairs(quick / "random", 3, seed=0)[1] == []


def test_an_overlap_is_seen():
    lines = [
        "begin render/cub 1",
        "begin tabulate/cub 2",
        "end render/cub 1",
        "begin render/cub 3",
        "begin render/cub 4",
    ]
    assert overlaps(lines, {}, {"3": 3.0, "4": 4.0}) == ["render/cub was begun by 4 while 3 made it"]
    assert overlaps(lines, {}, {}) == overlaps(lines, {}, {"4": 4.0})
    assert overlaps(["begin render/cub 1", "end render/cub 2"], {}, {}) == ["render/cub was ended by 2 while 1 made it"]
    assert overlaps(lines, {"3": 3.5}, {"3": 3.0, "4": 4.0}) == [], "a dead process makes nothing"
