"""kill -9 at any moment changes no byte of the result."""

import logging
import os
import random
import signal
import time
from pathlib import Path

import pytest

from stages.engine.state import Interrupted
from stages.engine.world import settle
from tests.engine import toy
from tests.engine.toy import FORK, block, in_process, in_world, kill_self, results

STEPS = 12


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> tuple[bytes, bytes]:
    """The result of a run that nothing disturbs."""
    folder = tmp_path_factory.mktemp("whole")
    assert in_process(run, folder) == 0
    return results(folder)


def run(folder: Path, moment: int | None = None, where: str = "between") -> None:
    """Trains in this process; killed between steps, or inside a step's phase, when `moment` calls have passed."""
    import torch

    settle(torch.device("cpu"))
    calls = [0]

    def passed() -> bool:
        calls[0] += 1
        if moment is not None and calls[0] > moment:
            kill_self()
        return False

    class Deadly(toy.Toy):
        def losses(self, *arguments):
            passed()
            return super().losses(*arguments)

    toy.run(folder, block(), **({"stop": passed} if where == "between" else {"make": Deadly}))


def test_two_whole_runs_are_equal_in_every_byte(whole, tmp_path):
    assert in_process(run, tmp_path) == 0
    assert results(tmp_path) == whole


@pytest.mark.parametrize("where", ["between", "inside"])
def test_kills_at_random_steps_change_no_byte(whole, tmp_path, where):
    for trial in range(6):
        chosen = random.Random(f"{where} {trial}")
        folder = tmp_path / str(trial)
        # A chain of kills: each new run gets some way on before it dies too.
        moments = [chosen.randrange(STEPS * (1 if where == "between" else 3)) for _ in range(3)]
        for moment in moments:
            code = in_process(run, folder, moment, where)
            assert code in (0, -signal.SIGKILL)
        assert in_process(run, folder) == 0
        assert results(folder) == whole, f"kills after {moments} calls"


def test_kills_at_random_times_change_no_byte(whole, tmp_path):
    chosen = random.Random(3)
    killed = 0
    for _ in range(8):
        process = FORK.Process(target=run, args=(tmp_path,))
        process.start()
        time.sleep(chosen.uniform(0.02, 0.12))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    assert killed > 0
    assert in_process(run, tmp_path) == 0
    assert results(tmp_path) == whole


def die_while_writing(folder: Path, number: int, call: str) -> None:
    """Trains, and is killed in front of the n-th fsync or rename of a state."""
    real, calls = getattr(os, call), [0]

    def deadly(*arguments):
        calls[0] += 1
        if calls[0] == number:
            kill_self()
        return real(*arguments)

    setattr(os, call, deadly)
    run(folder)


@pytest.mark.parametrize(("number", "call"), [(1, "fsync"), (3, "fsync"), (4, "fsync"), (1, "replace"), (2, "replace")])
def test_kills_while_a_state_is_written_change_no_byte(whole, tmp_path, number, call):
    assert in_process(die_while_writing, tmp_path, number, call) == -signal.SIGKILL
    assert in_process(run, tmp_path) == 0
    assert results(tmp_path) == whole


def test_a_damaged_last_state_costs_one_interval_and_no_byte(whole, tmp_path, caplog):
    in_process(run, tmp_path, 10)
    newest = max((tmp_path / "resume").glob("state-*"))
    assert newest.name.endswith("009")
    newest.write_bytes(newest.read_bytes()[:-100])
    with caplog.at_level(logging.WARNING):
        toy.run(tmp_path, block())
    assert "truncated" in caplog.text and "state-000000000006" in caplog.text
    assert results(tmp_path) == whole


def test_stop_saves_the_step_at_hand_and_goes_on_from_it(whole, tmp_path):
    for step in (0, 4, 5, 11):
        with pytest.raises(Interrupted, match=f"step {step} of 12"):
            asked = []
            toy.run(tmp_path, block(), stop=lambda step=step, asked=asked: _at(tmp_path, step, asked))
        assert (tmp_path / "resume" / f"state-{step:012d}").is_file()
        assert not list((tmp_path / "out").iterdir())
    toy.run(tmp_path, block())
    assert results(tmp_path) == whole


def _at(folder: Path, step: int, asked: list[int]) -> bool:
    """True at the call that comes before the given step, counted from the state that the run began with."""
    saved = [int(path.name[6:]) for path in (folder / "resume").glob("state-*")]
    begun = asked[0] if asked else max(saved, default=0)
    asked.append(begun)
    return begun + len(asked) - 1 == step


def test_states_of_another_seed_or_block_are_refused(tmp_path):
    with pytest.raises(Interrupted):
        toy.run(tmp_path, block(), stop=lambda: True)
    with pytest.raises(ValueError, match="belongs to another run"):
        toy.run(tmp_path, block(penalty=3.0))


def test_the_curve_so_far_can_be_read_beside_the_states(whole, tmp_path):
    in_process(run, tmp_path, 10)
    assert whole[1].startswith((tmp_path / "resume" / "curve.csv").read_bytes())
    _, *lines = (tmp_path / "resume" / "curve.csv").read_text().splitlines()
    assert len({line.split(",")[0] for line in lines}) == 1


def member(world, folder: Path, moment: int | None) -> None:
    """One of several processes; one of them is killed after some steps."""
    calls = [0]

    def stop() -> bool:
        calls[0] += 1
        if world.rank == 1 and moment is not None and calls[0] > moment:
            kill_self()
        return False

    toy.run(folder, block(), stop=stop, world=world)


def test_two_processes_resume_after_a_kill_without_changing_a_byte(tmp_path):
    assert in_world(2, tmp_path / "whole", member, tmp_path / "whole", None) == [0, 0]
    codes = in_world(2, tmp_path / "killed", member, tmp_path / "killed", 7)
    assert codes[1] == -signal.SIGKILL and codes[0] != 0
    assert in_world(2, tmp_path / "killed", member, tmp_path / "killed", None) == [0, 0]
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
