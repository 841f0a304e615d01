"""SIGKILL under each engine: whatever dies and whenever, running again gives the bytes of an undisturbed run."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from stages.runner.guard import POLL_SECONDS
from tests.faults.killable import STAGES, Killable
from tests.faults.kills import Killer, Reference, reference, running, series, state, until

pytestmark = pytest.mark.slow
ENGINES = ("snakemake", "dvc")
TRAIN_KILLS, PUBLISH_KILLS, SEED = 2, 2, 0
MODEL = f"{STAGES['train']}/"


@pytest.fixture(scope="module")
def whole(quick) -> Reference:
    return reference(quick / "whole")


@pytest.fixture(scope="module")
def killed(whole, quick):
    """Both series of kills under an engine, once."""
    made = {}

    def run(engine: str):
        if engine not in made:
            trained, tree = series(engine, whole, quick, TRAIN_KILLS, SEED)
            published, last = series(engine, whole, quick, PUBLISH_KILLS, SEED, base=tree)
            made[engine] = trained, published, last
        return made[engine]

    return run


@pytest.mark.parametrize("engine", ENGINES)
def test_kills_at_random_moments_change_no_byte(killed, engine):
    """Half on the stage and half on the engine's group; `make soak` does many more."""
    for tally, count in zip(killed(engine), (TRAIN_KILLS, PUBLISH_KILLS), strict=False):
        assert tally.faults == [] and tally.compared >= 1
        aims = Counter()
        for (_, whom), hits in tally.landed.items():
            aims[whom] += hits
        assert aims == {"stage": count // 2, "engine's group": count // 2}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_stage_dies_with_its_engine_alone_and_the_other_engine_goes_on(whole, quick, engine):
    """Only the engine's own process is killed: the stage saves its state and stops; the other engine resumes it.

    The stage waits at step 40 while its engine dies, so that it is never at its end by then, however busy the machine;
    it waits longer than it takes between two looks for its engine.
    """
    tree = Killable(quick / f"{engine} alone")
    tree.edit("params.yaml", "keep_every: 10", "keep_every: 1000")
    killer = Killer(engine, tree, whole.seconds, None)
    process = killer.start("train")
    (tree.folder / ".work/pause").touch()
    stage = killer.await_stage(process, "train", early=False)
    until(lambda: not (tree.folder / ".work/pause").exists() and state(stage) == "T", "the stage never came to step 40")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1.5 * POLL_SECONDS)
    os.kill(stage, signal.SIGCONT)
    until(lambda: not running(stage, "train"), "the stage outlived its engine")
    states = [int(path.name[6:]) for path in (tree.folder / ".work/resume").glob("*/state-*")]
    assert len(states) == 1 and 40 <= states[0] < 150, "it saved the step at hand, though no interval had ended"
    other = Killer(next(name for name in ENGINES if name != engine), tree, whole.seconds, None)
    assert other.finish("train") == ""
    made = tree.results()
    assert {name for name in whole.results if name.startswith(MODEL) and made.get(name) != whole.results[name]} == {
        f"{MODEL}model.json",
        f"{MODEL}receipt.json",
    }, "every byte but those that hold the changed key"


def mtimes(folder: Path, moment_of) -> None:
    """Gives every file and folder under results/ a time of its own choice, and the benchmarks, which count as outputs
    for Snakemake."""
    for path in sorted([*(folder / "results").rglob("*"), *(folder / ".work/benchmarks").rglob("*")]):
        os.utime(path, (moment_of(path), moment_of(path)), follow_symlinks=False)


def test_clocks_that_run_wrong_make_nothing_stale(killed):
    """Times of 2100 for some files and of 1970 for others: only bytes count for DVC, `explain` and `audit`."""
    tree = killed("dvc")[2]
    mtimes(tree.folder, lambda path: 4102444800 if len(path.name) % 2 else 1)
    assert tree.dvc("status", "--quiet").returncode == 0
    told = tree.retrace("explain", "--json")
    assert told.returncode == 0 and json.loads(told.stdout)["direct"] == {}, told.stdout + told.stderr
    assert tree.retrace("audit", "--bytes").returncode == 0


def test_equal_times_make_nothing_stale_for_snakemake(killed):
    tree = killed("snakemake")[2]
    mtimes(tree.folder, lambda path: 4102444800)
    done = tree.snakemake("-n")
    assert "Nothing to be done" in done.stdout + done.stderr, done.stdout


def test_adopt_that_is_killed_converges(killed):
    """SIGKILL of `retrace adopt` and of the engine it talks to, at random moments; the next one ends well."""
    tree, chosen = killed("snakemake")[2], random.Random(SEED)
    for _ in range(2):
        process = subprocess.Popen(
            [sys.executable, "-m", "stages.retrace.main", "adopt"], cwd=tree.folder, start_new_session=True,
            env=tree.environment(), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(chosen.uniform(0.5, 5.0))
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if any((tree.folder / ".snakemake/locks").glob("*")):
        tree.snakemake("--unlock")
    told = tree.retrace("adopt", "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    assert len(json.loads(told.stdout)["adopted"]) == len(STAGES)
    assert tree.dvc("status", "--quiet").returncode == 0
    assert "Nothing to be done" in tree.snakemake("-n").stdout


@pytest.mark.parametrize("damage", ["newest", "all"])
def test_damaged_states_cost_an_interval_or_stop_but_never_start_over(whole, quick, damage):
    """A bit of the newest state flips: the run goes on from the one before. Every state is cut: it says what to do."""
    tree = Killable(quick / f"damaged {damage}")
    process = tree.start_by_hand("train")
    until(lambda: len(list((tree.folder / ".work/resume").glob("*/state-*"))) == 2, "no two states")
    process.kill()
    process.wait()
    states = sorted((tree.folder / ".work/resume").glob("*/state-*"))
    for path in states[-1:] if damage == "newest" else states:
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content if damage == "newest" else content[:-1])
    done = tree.by_hand("train")
    name = f"{MODEL}weights.safetensors"
    if damage == "newest":
        assert done.returncode == 0 and f"going on from the previous state, {states[0].name}" in done.stderr
        assert tree.results()[name] == whole.results[name]
    else:
        assert done.returncode == 65 and "Remove that folder to start over" in done.stderr
        assert name not in tree.results() and all(path.exists() for path in states)


def test_a_loss_that_is_no_number_stops_the_stage_and_publishes_nothing(quick):
    tree = Killable(quick / "infinite")
    tree.edit("params.yaml", "penalty: 2.0,", "penalty: 1.0e+39,")
    done = tree.by_hand("train")
    assert done.returncode == 70 and "loss term D/penalty is" in done.stderr and "at step 0" in done.stderr
    assert [name for name in tree.results() if "receipts" not in name] == []
