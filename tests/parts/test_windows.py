"""Windows of wide copies, two sets behind one source, conditions after the window."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.data.pose_maps import condition
from stages.data.prepared.packed import Extra, Index, Packed, Row, write_packed
from stages.data.prepared.posed import PosedSource
from stages.data.prepared.source import PackedSource
from stages.data.prepared.two import TwoSource
from stages.data.prepared.windows import WindowSource

ONE = SimpleNamespace(rank=0, size=1)
SIDE, WIDE, COUNT = 16, 19, 10


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Wide pictures whose red is the column, green the row, blue the item; labels count both."""
    folder = tmp_path_factory.mktemp("pack")
    rows, columns = np.indices((WIDE, WIDE), np.uint8)
    joints = np.full((18, 2), np.nan, np.float32)
    joints[1], joints[2] = (0.5, 0.25), (10 / 19, 15 / 19)

    def items():
        for item in range(COUNT):
            wide = np.stack([columns, rows, np.full_like(rows, item)], 2)
            extras = {"wide": wide, "wide_labels": columns + rows, "labels": np.full((SIDE, SIDE), item, np.uint8),
                      "joints": joints}  # fmt: skip
            yield Row(f"{item:02d}", np.full((SIDE, SIDE, 3), item, np.uint8), None, "x", "y", extras)

    extras = {"wide": Extra((WIDE, WIDE, 3), "|u1"), "wide_labels": Extra((WIDE, WIDE), "|u1"),
              "labels": Extra((SIDE, SIDE), "|u1"), "joints": Extra((18, 2), "<f4")}  # fmt: skip
    write_packed(folder, "toy", SIDE, False, items(), lambda keys: Index(["train"] * len(keys), ()), None, extras)
    return Packed.open(folder)


def source(packed, batch=4, seed=0, world=ONE, flip=False, until=1000, **more):
    return WindowSource(packed, np.arange(COUNT), batch, seed, world, flip, until, **more)


def levels(image: torch.Tensor) -> np.ndarray:
    return np.rint((image.numpy() + 1) * 127.5).astype(int)


def test_windows_are_cut_not_stretched_and_labels_go_with_them(packed):
    corners = set()
    windows = source(packed, labels=("labels",))
    for step in range(40):
        batch = windows.batch(step)
        for image, labels, position in zip(levels(batch["image"]), batch["labels"], batch["position"], strict=True):
            left, top = image[0, 0, 0], image[1, 0, 0]
            assert np.array_equal(image[0], np.tile(np.arange(left, left + SIDE), (SIDE, 1)))
            assert np.array_equal(image[1], np.tile(np.arange(top, top + SIDE), (SIDE, 1)).T)
            assert (image[2] == position.item()).all()
            assert np.array_equal(labels.numpy(), image[0] + image[1])
            corners.add((left, top))
    assert corners == {(x, y) for x in range(4) for y in range(4)}, "every place of a window"


def test_flips_turn_everything_alike(packed):
    straight, turned = (source(packed, flip=flip, labels=("labels",)) for flip in (False, True))
    seen = set()
    for step in range(6):
        first, second = straight.batch(step), turned.batch(step)
        for row in range(4):
            mirrored = torch.equal(first["image"][row].flip(2), second["image"][row])
            assert mirrored or torch.equal(first["image"][row], second["image"][row])
            wanted = first["labels"][row].flip(1) if mirrored else first["labels"][row]
            assert torch.equal(second["labels"][row], wanted)
            seen.add(mirrored)
    assert seen == {True, False}
    with pytest.raises(ValueError, match="left and right differ"):
        source(packed, flip=True, points=("joints",))


def test_whole_pictures_come_from_the_step_on(packed):
    windows = source(packed, until=3, labels=("labels",), points=("joints",))
    for step in range(6):
        batch = windows.batch(step)
        whole = (levels(batch["image"]) == batch["position"].numpy()[:, None, None, None]).all()
        assert whole == (step >= 3)
        if whole:
            assert torch.equal(batch["labels"], batch["position"][:, None, None].expand(4, SIDE, SIDE))
            assert torch.allclose(batch["joints"][:, 1], torch.tensor([8.0, 4.0]))


def test_joints_move_with_the_window(packed):
    batch = source(packed, points=("joints",)).batch(0)
    image, joints = levels(batch["image"]), batch["joints"].numpy()
    corners = image[:, :2, 0, 0]
    assert joints[:, 2] == pytest.approx(np.array([10, 15]) - corners, abs=1e-5)
    assert np.isnan(joints[:, 0]).all()


def test_batches_depend_on_seed_step_and_name_alone(packed):
    first = source(packed)
    later = [first.batch(step) for step in (5, 2, 5)]
    assert torch.equal(later[0]["image"], later[2]["image"])
    assert torch.equal(source(packed).batch(2)["image"], later[1]["image"])
    for other in (source(packed, seed=1), source(packed, name="b")):
        assert not torch.equal(other.batch(2)["position"], later[1]["position"])
    halves = [source(packed, world=SimpleNamespace(rank=rank, size=2)).batch(5) for rank in (0, 1)]
    assert torch.equal(torch.stack([half["image"] for half in halves], 1).flatten(0, 1), later[0]["image"])
    epoch = torch.cat([source(packed, batch=5).batch(step)["position"] for step in (0, 1)])
    assert sorted(epoch.tolist()) == list(range(COUNT))


def test_the_order_is_that_of_the_house_s_source(packed):
    """Both go through a set in the same permutations of seed and epoch."""
    plain = PackedSource(packed, np.arange(COUNT), 4, 7, False, ONE)
    for step in range(6):
        assert torch.equal(plain.batch(step)["position"], source(packed, seed=7).batch(step)["position"])


def test_two_sets_go_their_own_ways(packed):
    two = TwoSource(source(packed, name="a"), source(packed, name="b"))
    assert two.size == 4
    batch = two.batch(3)
    assert set(batch) == {"image_a", "position_a", "image_b", "position_b"}
    pairs = {(a, b) for step in range(25)
             for a, b in zip(*(two.batch(step)[f"position_{end}"].tolist() for end in "ab"), strict=True)}  # fmt: skip
    assert len(pairs) > 50, "not always the same two"
    with pytest.raises(ValueError, match="one size"):
        TwoSource(source(packed), source(packed, batch=2))


def test_conditions_are_drawn_after_the_window(packed):
    plain = source(packed, points=("joints",))
    batch = PosedSource(plain).batch(2)
    assert batch["condition"].shape == (4, 20, SIDE, SIDE)
    for joints, maps in zip(batch["joints"].numpy(), batch["condition"].numpy(), strict=True):
        assert np.array_equal(maps, condition(joints, SIDE))
    with pytest.raises(ValueError, match="points joints"):
        PosedSource(source(packed))


def test_wrong_positions_and_batches_are_refused(packed):
    with pytest.raises(ValueError, match="positions within"):
        WindowSource(packed, np.array([COUNT]), 4, 0, ONE, False, 1)
    with pytest.raises(ValueError, match="multiple of 2"):
        source(packed, batch=3, world=SimpleNamespace(rank=0, size=2))
    with pytest.raises(FileNotFoundError, match="masks_of"):
        source(packed, labels=("masks_of",), until=0)
