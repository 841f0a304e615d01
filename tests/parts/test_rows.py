"""Rows of a pack are read in the file's order, neighbours at once, and come as they were asked for."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.prepared import rows
from stages.data.prepared.order import Order
from stages.data.prepared.rows import Rows
from stages.data.prepared.source import PackedSource
from tests.parts.test_source import Rank, make

COUNT = 40
ARRAY = np.random.default_rng(0).integers(0, 256, (COUNT, 3, 5), np.uint8)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    place = tmp_path_factory.mktemp("rows") / "images.npy"
    np.save(place, ARRAY)
    return place


@settings(max_examples=60, deadline=None)
@given(positions=st.lists(st.integers(0, COUNT - 1), max_size=3 * COUNT))
def test_rows_are_those_of_a_memory_map_in_a_read_for_each_run(path, positions):
    held, asked = Rows(path), np.array(positions, np.int64)
    assert np.array_equal(held.take(asked), ARRAY[asked])
    different = sorted(set(positions))
    assert held.reads == sum(position - 1 not in different for position in different)


def test_reads_of_a_batch(path):
    for positions, reads in (([7, 5, 6], 1), ([0, 39, 20], 3), ([3, 3, 3], 1), (range(COUNT), 1), ([], 0)):
        held = Rows(path)
        held.take(np.array(positions, np.int64))
        assert held.reads == reads


def test_a_run_is_split_where_the_system_takes_no_more_and_short_reads_go_on(path, monkeypatch):
    real = rows.os.preadv
    monkeypatch.setattr(rows, "MOST_ROWS", 16)
    held = Rows(path)
    assert np.array_equal(held.take(np.arange(COUNT)), ARRAY) and held.reads == 3
    monkeypatch.setattr(rows.os, "preadv", lambda file, parts, at: real(file, [parts[0][: 1 + len(parts[0]) // 2]], at))
    held = Rows(path)
    assert np.array_equal(held.take(np.arange(COUNT)[::-1]), ARRAY[::-1]) and held.reads > COUNT


def test_a_file_that_was_cut_is_named(path, tmp_path):
    place = tmp_path / "images.npy"
    place.write_bytes(path.read_bytes())
    held = Rows(place)
    place.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(ValueError, match=r"images\.npy: expected 40 rows, came a shorter file"):
        held.take(np.array([39]))


def test_other_kinds_of_rows(tmp_path):
    for kind in ("<f4", "<i8", "|u1"):
        array = np.arange(24).reshape(6, 4).astype(kind)
        np.save(tmp_path / "a.npy", array)
        assert np.array_equal(Rows(tmp_path / "a.npy").take(np.array([5, 0, 1])), array[[5, 0, 1]])


def test_threads_get_the_batches_that_one_thread_gets(tmp_path):
    """Steps of several epochs at once: permutations, rows and flips are those of one step after another."""
    packed = make(tmp_path / "set", 11)
    steps = [step for epoch in range(40) for step in (epoch * 3, epoch * 3 + 50)]
    alone = [PackedSource(packed, np.arange(11), 4, 3, True, Rank()).batch(step) for step in steps]
    shared = PackedSource(packed, np.arange(11), 4, 3, True, Rank())
    with ThreadPoolExecutor(8) as pool:
        for one, other in zip(alone, pool.map(shared.batch, steps), strict=True):
            assert all(np.array_equal(one[name], other[name]) for name in one) and one.keys() == other.keys()


def test_an_epochs_permutation_is_never_another_ones():
    """Between a thread's look at the last permutation and its use of it another thread makes one."""
    order = Order(np.arange(50), 0)
    wanted = {epoch: Order(np.arange(50), 0).places(np.arange(50) + 50 * epoch).tolist() for epoch in range(20)}
    with ThreadPoolExecutor(8) as pool:
        asked = [epoch % 20 for epoch in range(400)]
        found = list(pool.map(lambda epoch: order.places(np.arange(50) + 50 * epoch).tolist(), asked))
    assert found == [wanted[epoch] for epoch in asked]
