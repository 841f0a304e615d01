"""States of a training on a device are written behind it: as they were, one at a time, and none lost unsaid."""

import os
import signal
import threading

import pytest
import torch

from stages.engine.behind import Behind, on_the_host
from stages.engine.state import Interrupted, StateFolder
from stages.engine.world import World
from tests.device.far import DEVICE, Far, far
from tests.device.test_loop import Moved
from tests.engine import toy
from tests.engine.toy import block, in_process, kill_self, results


@pytest.fixture
def held(monkeypatch) -> threading.Event:
    """Until it is set, no state reaches the disk."""
    let, real = threading.Event(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: let.wait(60) and real(descriptor))
    return let


def saved(folder) -> list[int]:
    return sorted(int(path.name[6:]) for path in folder.glob("state-*"))


def test_the_training_goes_on_while_its_state_is_written_as_it_was(tmp_path, held):
    with far():
        weight = torch.ones(3, device=DEVICE)
        behind = Behind(StateFolder(tmp_path, "run"), DEVICE)
        behind.save(2, {"nets": {"G": {"weight": weight}}, "record": {"lines": lines} if (lines := ["a"]) else {}})
        weight += 1
        lines.append("b")
        assert saved(tmp_path) == []
        held.set()
        behind.wait()
        behind.close()
    step, content = StateFolder(tmp_path, "run").load()
    assert step == 2 and content["nets"]["G"]["weight"].tolist() == [1.0] * 3 and content["record"]["lines"] == ["a"]


def test_on_the_cpu_a_state_is_there_when_save_returns(tmp_path):
    behind = Behind(StateFolder(tmp_path, "run"), torch.device("cpu"))
    behind.save(2, {"x": torch.ones(3)})
    assert saved(tmp_path) == [2]
    behind.close()


def test_a_copy_keeps_order_kinds_and_versions():
    with far():
        net = torch.nn.BatchNorm2d(2).to(DEVICE)
        state = net.state_dict()
        copy = on_the_host(state)
        assert list(copy) == list(state) and copy._metadata == state._metadata
        assert all(isinstance(state[name], Far) and not isinstance(copy[name], Far) for name in state)
        assert copy["num_batches_tracked"].dtype == torch.int64


def full(descriptor) -> None:
    raise OSError(28, "No space left on device")


def test_a_full_disk_is_told_at_the_next_state_or_at_the_end(tmp_path, monkeypatch):
    behind = Behind(StateFolder(tmp_path, "run"), DEVICE)
    monkeypatch.setattr(os, "fsync", full)
    behind.save(2, {"x": torch.ones(3)})
    with pytest.raises(OSError, match="No space left"):
        behind.save(4, {"x": torch.ones(3)})
    behind.save(4, {"x": torch.ones(3)})
    with pytest.raises(OSError, match="No space left"):
        behind.wait()
    behind.close()
    with far(), pytest.raises(OSError, match="No space left"):
        toy.run(tmp_path / "run", block(keep_every=11), world=World.single(DEVICE), make=Moved)
    assert not (tmp_path / "run/out/weights.safetensors").exists()


def test_a_stop_ends_when_its_state_is_there(tmp_path, monkeypatch):
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: threading.Event().wait(0.3) or real(descriptor))
    asked = iter([False] * 5 + [True])
    with far(), pytest.raises(Interrupted, match="step 5"):
        toy.run(tmp_path, block(), stop=lambda: next(asked), world=World.single(DEVICE), make=Moved)
    assert saved(tmp_path / "resume") == [3, 5]


def on_the_device(folder, number: int = 0, call: str = "fsync") -> None:
    """Trains on the device; killed in the thread that writes, in front of the n-th fsync or rename, where asked."""
    real, calls = getattr(os, call), [0]

    def deadly(*arguments):
        calls[0] += 1
        if calls[0] == number:
            kill_self()
        return real(*arguments)

    setattr(os, call, deadly)
    with far():
        toy.run(folder, block(), world=World.single(DEVICE), make=Moved)


@pytest.mark.parametrize(("number", "call"), [(1, "fsync"), (3, "fsync"), (4, "fsync"), (1, "replace"), (2, "replace")])
def test_kills_while_a_state_is_written_behind_change_no_byte(tmp_path, number, call):
    assert in_process(on_the_device, tmp_path / "whole") == 0
    assert in_process(on_the_device, tmp_path / "killed", number, call) == -signal.SIGKILL
    assert in_process(on_the_device, tmp_path / "killed") == 0
    assert results(tmp_path / "killed") == results(tmp_path / "whole")
