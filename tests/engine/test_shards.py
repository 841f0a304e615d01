"""Kept parts of a work: whole or not there, each made once."""

import errno
import os

import numpy as np
import pytest

from stages.engine import shards
from stages.engine.shards import Shards


def test_what_is_kept_is_held_and_nothing_else(tmp_path):
    kept = Shards(tmp_path / "resume")
    assert kept.held(0) is None
    kept.keep(0, b"first")
    kept.keep(1, b"")
    assert [Shards(tmp_path / "resume").held(number) for number in range(3)] == [b"first", b"", None]


def test_a_part_is_made_once_and_the_last_one_is_not_kept(tmp_path):
    made: list[int] = []
    for _ in range(2):
        for number in range(3):
            content = Shards(tmp_path).part(number, 3, lambda number=number: made.append(number) or b"%d" % number)
            assert content == b"%d" % number
    assert made == [0, 1, 2, 2] and sorted(path.name[-1] for path in tmp_path.iterdir()) == ["0", "1"]


def test_arrays_come_back_with_their_types_and_bits(tmp_path):
    arrays = {
        "a": np.array([[0.1, np.nan]], np.float32),
        "b": np.zeros((0, 4), np.int64),
        "c": np.arange(3, dtype="u1"),
    }
    for _ in range(2):
        found = Shards(tmp_path).arrays(0, 2, lambda: arrays)
        assert found.keys() == arrays.keys()
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype and found[name].tobytes() == array.tobytes()
    assert len(list(tmp_path.iterdir())) == 1


def test_items_come_by_whole_batches_and_every_part_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BATCHES", 2)
    made: list[range] = []

    def make(numbers: range) -> dict[str, np.ndarray]:
        made.append(numbers)
        return {"number": np.array(numbers)}

    for _ in range(2):
        assert Shards(tmp_path).joined(11, 3, make)["number"].tolist() == list(range(11))
    assert made == [range(6), range(6, 11)] and len(list(tmp_path.iterdir())) == 2
    for _ in range(2):
        assert Shards(tmp_path / "one").once(lambda: make(range(1)))["number"].tolist() == [0]
    assert len(made) == 3


@pytest.mark.parametrize("fault", ["cut", "longer", "a bit", "the header", "empty"])
def test_a_damaged_part_is_told_of_and_made_anew(tmp_path, capsys, fault):
    kept = Shards(tmp_path)
    kept.keep(0, b"0123456789")
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    changed = {
        "cut": content[:-1], "longer": content + b"0", "a bit": content[:-1] + b"8", "the header": b"{" + content,
        "empty": b"",
    }  # fmt: skip
    path.write_bytes(changed[fault])
    assert kept.part(0, 2, lambda: b"anew") == b"anew" and kept.held(0) == b"anew"
    assert f"{path}: expected a whole shard" in capsys.readouterr().out


def test_a_full_disk_leaves_no_half_part_and_a_killed_writers_file_goes(tmp_path, monkeypatch):
    kept = Shards(tmp_path)
    (tmp_path / "writing-1").write_bytes(b"half")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept.keep(0, b"content")
    assert list(tmp_path.iterdir()) == []
