"""Training batches: a pure function of seed and step, whatever the number of processes."""

import time
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.data.prepared.source import PackedSource


@dataclass
class Rank:
    rank: int = 0
    size: int = 1
    device: str = "cpu"


def make(folder, count=11, size=4, masks=True):
    rng = np.random.default_rng(0)

    def rows():
        for i in range(count):
            mask = (rng.random((size, size)) < 0.5).astype(np.uint8)
            mask[0, 0] = 1
            yield Row(
                f"{i:04d}", rng.integers(0, 256, (size, size, 3), dtype=np.uint8), mask if masks else None, "s", "d"
            )

    write_packed(
        folder,
        "toy",
        size,
        masks,
        rows(),
        lambda keys: Index(["train"] * count, ("train",), {"identity": np.arange(count) * 3}),
    )
    return Packed.open(folder)


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return make(tmp_path_factory.mktemp("packed"))


def source(packed, batch=4, seed=5, flip=True, world=None, positions=None):
    positions = np.arange(len(packed)) if positions is None else positions
    return PackedSource(packed, positions, batch, seed, flip, world or Rank(), ("identity",))


def test_shapes_types_and_ranges(packed):
    batch = source(packed).batch(0)
    assert batch["image"].shape == (4, 3, 4, 4) and batch["image"].dtype == torch.float32
    assert batch["mask"].shape == (4, 1, 4, 4) and set(batch["mask"].unique().tolist()) <= {0.0, 1.0}
    assert batch["position"].dtype == batch["label_identity"].dtype == torch.int64
    assert torch.equal(batch["label_identity"], batch["position"] * 3)
    assert batch["image"].min() >= -1 and batch["image"].max() <= 1


def test_every_row_is_the_packed_one_or_its_mirror(packed):
    turned = straight = 0
    reader = source(packed)
    for step in range(60):
        batch = reader.batch(step)
        for image, mask, position in zip(batch["image"], batch["mask"], batch["position"].tolist(), strict=True):
            original = torch.from_numpy(packed.images[position].astype(np.float32) / 127.5 - 1).permute(2, 0, 1)
            hole = torch.from_numpy(packed.masks[position].astype(np.float32))[None]
            if torch.allclose(image, original, atol=1e-6):
                assert torch.equal(mask, hole)
                straight += 1
            else:
                assert torch.allclose(image, original.flip(2), atol=1e-6) and torch.equal(mask, hole.flip(2))
                turned += 1
    assert 80 < turned < 160 and turned + straight == 240  # fair coins: 120 plus or minus 5 standard deviations
    plain = source(packed, flip=False)
    for step in range(5):
        batch = plain.batch(step)
        expected = packed.images[batch["position"].numpy()].transpose(0, 3, 1, 2) / 127.5 - 1
        assert np.allclose(batch["image"].numpy(), expected, atol=1e-6)


def test_each_epoch_is_a_permutation_and_differs(packed):
    reader = source(packed, batch=3)
    stream = np.concatenate([reader.batch(step)["position"].numpy() for step in range(22)])
    epochs = stream.reshape(6, 11)
    assert all(sorted(epoch) == list(range(11)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 6


def test_batches_depend_on_seed_and_step_alone(packed):
    first = source(packed)
    forward = [first.batch(step) for step in range(8)]
    second = source(packed)
    for step in reversed(range(8)):  # any order, as after a resume
        again = second.batch(step)
        assert all(torch.equal(again[name], forward[step][name]) for name in again)
    other = source(packed, seed=6)
    assert any(not torch.equal(other.batch(step)["position"], forward[step]["position"]) for step in range(8))


@settings(max_examples=25, deadline=None)
@given(size=st.sampled_from([1, 2, 3, 4, 6, 12]), step=st.integers(0, 10**6), seed=st.integers(0, 99))
def test_ranks_together_see_the_global_batch(packed, size, step, seed):
    whole = source(packed, 12, seed).batch(step)
    for rank in range(size):
        part = source(packed, 12, seed, world=Rank(rank, size)).batch(step)
        for name, values in part.items():
            assert torch.equal(values, whole[name][rank::size])


def test_batch_larger_than_the_set_spans_epochs(packed):
    batch = source(packed, batch=16, positions=np.array([2, 5, 7])).batch(1)
    counts = torch.bincount(batch["position"], minlength=8)
    assert counts.sum() == 16 and set(counts.nonzero().flatten().tolist()) == {2, 5, 7} and counts[[2, 5, 7]].min() >= 4


def test_sets_without_masks_give_none(tmp_path):
    assert set(source(make(tmp_path, masks=False)).batch(0)) == {"image", "position", "label_identity"}


def test_writing_into_a_batch_does_not_touch_the_file(packed):
    before = np.array(packed.images)
    source(packed).batch(0)["image"].zero_()
    source(packed, flip=False).batch(0)["mask"].fill_(7)
    assert np.array_equal(packed.images, before) and packed.masks.max() == 1


@pytest.mark.parametrize("positions", [np.array([], int), np.array([11]), np.array([-1])])
def test_impossible_positions_are_errors(packed, positions):
    with pytest.raises(ValueError, match="positions within"):
        source(packed, positions=positions)


def test_impossible_batches_are_errors(packed):
    for batch, world in ((0, Rank()), (5, Rank(0, 2))):
        with pytest.raises(ValueError, match="batch: expected"):
            source(packed, batch=batch, world=world)


def test_a_demo_batch_costs_well_below_a_millisecond(tmp_path):
    reader = source(make(tmp_path, count=400, size=32), batch=16)
    rounds = []
    for _ in range(5):  # processor time, the quickest of five rounds, so that a busy machine does not matter
        start = time.process_time()
        for step in range(40):
            reader.batch(step)
        rounds.append((time.process_time() - start) / 40)
    assert min(rounds) < 1.0e-3
