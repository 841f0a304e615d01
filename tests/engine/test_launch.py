"""Work in several processes: progress, stops and failures reach the process that asked for it."""

import contextlib
import json
import logging
import os
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from safetensors.torch import load_file

from stages.engine import launch as launching
from stages.engine.launch import launch
from stages.engine.state import Interrupted
from stages.runner.guard import Guard
from stages.train import train
from tests.engine import toy
from tests.engine.toy import FORK, Toy, ToySource, block, ignore

Block = toy.Block


def for_training(numbers, inputs, seed, world):
    """This file is a method module, as stages.train imports one."""
    return Toy(numbers, seed, world), ToySource(numbers, seed, world)


@pytest.fixture(autouse=True)
def quick_start(request, monkeypatch):
    """Forked processes, which start at once; the tests that are marked by `spawned` start them as users' runs do."""
    if "spawned" not in request.fixturenames:
        monkeypatch.setattr(launching, "CONTEXT", FORK)


@pytest.fixture
def spawned():
    """Marks a test."""


def work(world, stop, progress, folder: Path, task: str) -> None:
    """What the processes do in these tests."""
    (folder / f"pid-{world.rank}").write_text(str(os.getpid()))
    if task == "fail" and world.rank == 1:
        raise ValueError("rank 1 does not like its input")
    if task == "die" and world.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    if task == "gpu":
        raise Unsendable(lambda: 0)
    for step in range(400):
        if world.any(stop()):
            (folder / f"stopped-{world.rank}").touch()
            raise Interrupted(f"stopped at {step}")
        if world.rank == 0:
            progress(step + 1, 400, "text")
        if task == "slow":
            time.sleep(0.05)


class Unsendable(Exception):
    """Cannot travel between processes."""


def alive(folder: Path) -> list[str]:
    """Which of the processes still run; a zombie that nobody has collected does not."""
    found = []
    for path in folder.glob("pid-*"):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{path.read_text()}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found.append(path.name)
    return found


def test_one_process_works_in_place(tmp_path):
    heard = []
    launch(work, 1, 0, (tmp_path, "go"), lambda: False, lambda *facts: heard.append(facts))
    assert heard[-1] == (400, 400, "text") and int((tmp_path / "pid-0").read_text()) == os.getpid()


def test_two_processes_report_and_end(tmp_path, spawned):
    heard = []
    launch(work, 2, 0, (tmp_path, "go"), lambda: False, lambda *facts: heard.append(facts))
    assert heard == [(step, 400, "text") for step in range(1, 401)] and not alive(tmp_path)


def test_a_stop_reaches_all_processes(tmp_path):
    heard = []
    with pytest.raises(Interrupted, match="stopped at"):
        launch(work, 2, 0, (tmp_path, "slow"), lambda: len(heard) > 2, lambda *facts: heard.append(facts))
    assert (tmp_path / "stopped-0").exists() and (tmp_path / "stopped-1").exists() and not alive(tmp_path)


@pytest.mark.parametrize(
    ("task", "kind", "message"),
    [("fail", ValueError, "does not like"), ("die", RuntimeError, "code -9"), ("gpu", RuntimeError, "Unsendable")],
)
def test_the_first_failure_ends_all_and_arrives_as_it_was(tmp_path, task, kind, message):
    with pytest.raises(kind, match=message):
        launch(work, 2, 0, (tmp_path, task), lambda: False, ignore)
    assert not alive(tmp_path)


def start_and_wait(folder: Path) -> None:
    launch(work, 2, 0, (folder, "slow"), lambda: False, ignore)


def test_processes_stop_when_the_one_that_started_them_is_killed(tmp_path):
    parent = FORK.Process(target=start_and_wait, args=(tmp_path,))
    parent.start()
    patience = time.monotonic() + 60
    while len(list(tmp_path.glob("pid-*"))) < 2 and time.monotonic() < patience:
        time.sleep(0.1)
    assert len(alive(tmp_path)) == 2
    parent.kill()
    parent.join()
    while alive(tmp_path) and time.monotonic() < patience:
        time.sleep(0.1)
    assert not alive(tmp_path)


class Data:
    """A folder with a card, as a prepared set has one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "card.json").write_text('{"name": "drawn"}')


def stage(folder: Path, processes: int, guard: Guard, **changes) -> None:
    """The train verb's function with a job as the runner makes it."""
    import sys

    (folder / "out").mkdir(parents=True, exist_ok=True)
    job = SimpleNamespace(
        choices={"paper": "toys", "method": "toy", "seed": "7"}, module=sys.modules[__name__], block=block(**changes),
        inputs={"data": Data(folder).folder}, out=folder / "out", resume=folder / "resume", gpus=0,
        processes=processes, progress=ignore, stopping=lambda: guard.requested, deferred_stop=guard.deferred,
    )  # fmt: skip
    train(job)


def test_the_verb_trains_alike_in_one_process_and_in_two(tmp_path):
    for processes in (1, 2):
        stage(tmp_path / str(processes), processes, Guard())
    one, two = (load_file(tmp_path / name / "out" / "weights.safetensors") for name in "12")
    assert max((one[name].double() - two[name].double()).abs().max() for name in one) < 2e-6
    model = json.loads((tmp_path / "1" / "out" / "model.json").read_text())
    assert {key: model[key] for key in ("paper", "method", "seed", "data")} == {
        "paper": "toys", "method": "toy", "seed": 7, "data": "drawn"
    }  # fmt: skip
    assert Block.model_validate(model["block"], strict=False) == block()
    assert sorted(os.listdir(tmp_path / "1" / "out")) == ["curve.csv", "model.json", "weights.safetensors"]


def stage_until_told(folder: Path, processes: int) -> None:
    guard = Guard()
    guard.start()
    try:
        stage(folder, processes, guard, iterations=100_000)
    except Interrupted:
        os._exit(75)


@pytest.mark.parametrize("processes", [1, 2])
def test_sigterm_saves_the_state_and_stops(tmp_path, processes, caplog):
    process = FORK.Process(target=stage_until_told, args=(tmp_path, processes))
    process.start()
    patience = time.monotonic() + 60
    while not list((tmp_path / "resume").glob("state-*")) and time.monotonic() < patience:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGTERM)
    process.join()
    assert process.exitcode == 75 and not list((tmp_path / "out").iterdir())
    with caplog.at_level(logging.WARNING), pytest.raises(Interrupted) as stopped:
        toy.run(tmp_path, block(iterations=100_000), stop=lambda: True)
    # Stopped at once: it goes on from the very step that was saved last, which need not end an interval.
    newest = max((tmp_path / "resume").glob("state-*")).name
    assert f"step {int(newest[6:])} of" in str(stopped.value) and not caplog.text
