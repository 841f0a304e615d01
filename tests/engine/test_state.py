"""A saved state is complete or refused."""

import hashlib
import io
import json
import logging
import os
import pickle
import signal
import tracemalloc
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stages.engine import state
from stages.engine.state import StateFolder
from tests.engine.toy import in_process, kill_self


def content(value: float) -> dict:
    return {
        "nets": {"G": {"weight": torch.full((4, 3), value), "count": torch.tensor(7)}},
        "optimisers": {"G": {"G.weight": {"step": torch.tensor(3.0), "first": torch.full((4, 3), value / 3)}}},
        "memory": {"half": torch.tensor([value, float("-inf")], dtype=torch.bfloat16), "empty": torch.zeros(0)},
        "record": {"lines": ["{}"], "window": {"a": [0.1, 2]}},
    }


def folder_of_two(path: Path) -> StateFolder:
    states = StateFolder(path, "run")
    states.save(3, content(0.25))
    states.save(6, content(0.5))
    return states


def test_round_trip_is_exact(tmp_path):
    step, back = folder_of_two(tmp_path).load()
    expected = content(0.5)
    assert step == 6 and back["record"] == expected["record"]
    for part in (("nets", "G"), ("optimisers", "G", "G.weight"), ("memory",)):
        there, here = expected, back
        for name in part:
            there, here = there[name], here[name]
        assert list(there) == list(here)
        for key, tensor in there.items():
            assert here[key].dtype == tensor.dtype and torch.equal(here[key], tensor)


def test_a_state_is_digested_as_it_goes_out_without_a_copy_of_it(tmp_path):
    large = {"nets": {"G": {"weight": torch.arange(4_000_000.0)}}}
    tracemalloc.start()
    StateFolder(tmp_path, "run").save(3, large)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000, "16 MB of weights"
    _, back = StateFolder(tmp_path, "run").load()
    assert torch.equal(back["nets"]["G"]["weight"], large["nets"]["G"]["weight"])


def test_an_empty_or_absent_folder_has_no_state(tmp_path):
    assert StateFolder(tmp_path, "run").load() is None
    assert StateFolder(tmp_path / "absent", "run").load() is None


def test_two_generations_are_kept_and_leftovers_swept(tmp_path):
    states = folder_of_two(tmp_path)
    (tmp_path / "writing-999").write_bytes(b"half")
    states.save(9, content(1.0))
    assert sorted(os.listdir(tmp_path)) == ["state-000000000006", "state-000000000009"]


def test_a_damaged_newer_state_is_swept_and_the_good_older_one_kept(tmp_path):
    states = folder_of_two(tmp_path)
    (tmp_path / "state-000000000006").write_bytes(b"x")
    assert states.load()[0] == 3
    states.save(4, content(1.0))
    assert sorted(os.listdir(tmp_path)) == ["state-000000000003", "state-000000000004"]


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_truncation_or_flipped_bit_falls_back_and_says_so(tmp_path, caplog, data):
    caplog.clear()
    states = folder_of_two(tmp_path)
    path = tmp_path / "state-000000000006"
    whole = path.read_bytes()
    place = data.draw(st.one_of(st.integers(0, 300), st.integers(0, len(whole) - 1)))
    if data.draw(st.booleans()):
        path.write_bytes(whole[:place])
    else:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(bytes(flipped))
    with caplog.at_level(logging.WARNING):
        step, back = states.load()
    assert step == 3 and back["nets"]["G"]["weight"][0, 0] == 0.25
    assert "state-000000000006" in caplog.text and "going on from the previous state" in caplog.text


def rewrite(path: Path, **changes) -> None:
    """A state of another kind with a digest that fits, as a real foreign file would have."""
    line, payload = path.read_bytes().split(b"\n", 1)
    facts = {**json.loads(line), **changes}
    del facts["sha256"]
    facts["sha256"] = state._digest(facts, hashlib.sha256(payload))
    path.write_bytes(json.dumps(facts, sort_keys=True).encode() + b"\n" + payload)


@pytest.mark.parametrize(
    ("changes", "reason"), [({"format": 1}, "format 1, expected 2"), ({"belongs_to": "else"}, "belongs to another run")]
)
def test_a_foreign_state_falls_back_and_says_why(tmp_path, caplog, changes, reason):
    states = folder_of_two(tmp_path)
    rewrite(tmp_path / "state-000000000006", **changes)
    with caplog.at_level(logging.WARNING):
        assert states.load()[0] == 3
    assert reason in caplog.text


def test_a_renamed_state_is_refused(tmp_path):
    states = folder_of_two(tmp_path)
    os.rename(tmp_path / "state-000000000003", tmp_path / "state-000000000009")
    assert states.load()[0] == 6


def test_no_good_state_is_an_error_that_names_each(tmp_path):
    states = folder_of_two(tmp_path)
    (tmp_path / "state-000000000006").write_bytes(b"")
    rewrite(tmp_path / "state-000000000003", belongs_to="else")
    with pytest.raises(ValueError, match=r"0006 has an unreadable header.*0003 belongs to another run.*Remove"):
        states.load()


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_a_state_is_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    states = StateFolder(tmp_path / "states", "run")
    buffer = io.BytesIO()
    torch.save({"nets": Hostile()}, buffer, pickle_module=pickle)
    monkeypatch.setattr(torch, "save", lambda content, file: file.write(buffer.getvalue()))
    states.save(1, {})
    with pytest.raises(ValueError, match="more than tensors"):
        states.load()
    assert not (tmp_path / "ran").exists()


def save_and_die(path: Path, call: str, before: bool) -> None:
    """Saves step 9 and is killed around one system call of the writing."""
    real = getattr(os, call)

    def deadly(*arguments):
        if before:
            kill_self()
        real(*arguments)
        kill_self()

    setattr(os, call, deadly)
    StateFolder(path, "run").save(9, content(1.0))


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_kill_while_writing_leaves_a_good_state(tmp_path, call, before):
    states = folder_of_two(tmp_path)
    assert in_process(save_and_die, tmp_path, call, before) == -signal.SIGKILL
    step, back = states.load()
    arrived = call == "replace" and not before
    assert step == (9 if arrived else 6) and back["nets"]["G"]["weight"][0, 0] == (1.0 if arrived else 0.5)
    assert (not arrived) == any(tmp_path.glob("writing-*"))
    states.save(12, content(2.0))
    assert states.load()[0] == 12 and not any(tmp_path.glob("writing-*"))


def test_a_full_disk_is_an_os_error_and_leaves_the_old_states(tmp_path, monkeypatch):
    states = folder_of_two(tmp_path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        states.save(9, content(1.0))
    assert sorted(os.listdir(tmp_path)) == ["state-000000000003", "state-000000000006"]
    assert states.load()[0] == 6
