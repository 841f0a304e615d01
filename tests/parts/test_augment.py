"""Random resized crops of training images: pure in seed and number, inside the picture, the field's ranges."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch

from stages.data.prepared.augment import Crop, coins, crop_windows, cut_windows, uniforms
from stages.data.prepared.packed import Index, Packed, Row, write_packed
from stages.data.prepared.source import PackedSource

CROP = Crop(scale=(0.9, 1.0), ratio=(0.9, 1.1))


@dataclass(frozen=True)
class Rank:
    rank: int = 0
    size: int = 1
    device: str = "cpu"


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packed")
    ramp = np.broadcast_to(np.arange(64, dtype=np.uint8)[None, :, None] * 4, (64, 64, 3))
    mask = (ramp[..., 0] >= 128).astype(np.uint8)
    rows = (Row(f"{i}", ramp.copy(), mask, "s", "d") for i in range(6))
    write_packed(folder, "toy", 64, True, rows, lambda keys: Index(["train"] * 6, ("train",)))
    return Packed.open(folder)


def source(packed, crop=CROP, world=None, flip=False, batch=6):
    return PackedSource(packed, np.arange(6), batch, 3, flip, world or Rank(), crop=crop)


def test_uniforms_are_uniform_and_coins_their_upper_half():
    values = uniforms(np.arange(20000), 12345)
    assert values.min() >= 0 and values.max() < 1
    assert np.abs(np.histogram(values, 10, (0, 1))[0] - 2000).max() < 220
    assert np.array_equal(coins(np.arange(20000), 12345), values >= 0.5)
    assert not np.array_equal(values, uniforms(np.arange(20000), 12346))


def test_windows_lie_inside_and_in_their_ranges():
    windows = crop_windows(np.arange(3000), 64, CROP, lambda name: len(name) * 977 + hash_of(name))
    left, top, width, height = windows.T
    assert left.min() >= 0 and top.min() >= 0
    assert (left + width).max() <= 64 and (top + height).max() <= 64
    area, ratio = width * height / 64**2, width / height
    assert 0.88 < area.min() < 0.905 and area.max() <= 1.0 and area.std() > 0.015
    assert 0.88 < ratio.min() < 0.92 and 1.09 < ratio.max() < 1.13
    assert abs(np.log(ratio).mean()) < 0.01 and len(np.unique(left)) >= 5 and len(np.unique(top)) >= 5


def hash_of(name: str) -> int:
    return sum(ord(letter) * 31**place for place, letter in enumerate(name)) % 2**63


def test_windows_that_never_fit_give_the_whole_picture():
    windows = crop_windows(np.arange(50), 64, Crop((1.0, 1.0), (1.5, 1.6)), hash_of)
    assert (windows == [0, 0, 64, 64]).all()


def test_a_window_is_cut_by_columns_then_rows():
    """left, top, width, height: a window of the right upper part shows it, and not its mirror or transpose."""
    image = np.zeros((1, 8, 8, 3), np.uint8)
    image[0, :4, 4:] = 200
    mask = (image[..., 0] > 0).astype(np.uint8)
    window = np.array([[4, 0, 4, 4]])
    assert (cut_windows(image, window) == 200).all() and (cut_windows(mask, window) == 1).all()
    assert (cut_windows(image, np.array([[0, 4, 4, 4]])) == 0).all()
    whole = np.array([[0, 0, 8, 8]])
    assert np.array_equal(cut_windows(image, whole), image) and np.array_equal(cut_windows(mask, whole), mask)


def test_source_crops_image_and_mask_alike_and_depends_on_the_number_alone(packed):
    first = source(packed)
    forward = [first.batch(step) for step in range(4)]
    second = source(packed)
    for step in (3, 1, 0, 2):
        again = second.batch(step)
        assert all(torch.equal(again[name], forward[step][name]) for name in again)
    image, mask = forward[0]["image"], forward[0]["mask"]
    edge = (image[:, 0] >= 128 / 127.5 - 1).float()
    assert (edge != mask[:, 0]).float().mean() < 0.02  # the mask follows the picture's edge
    assert len({tuple(row.tolist()) for row in image[:, 0, 0]}) > 3  # windows differ
    plain = source(packed, crop=None).batch(0)["image"]
    assert torch.equal(plain[0], plain[1]) and not torch.equal(plain, image)


def test_ranks_together_see_the_global_batch_of_crops(packed):
    whole = source(packed, flip=True).batch(5)
    for rank in range(3):
        part = source(packed, flip=True, world=Rank(rank, 3)).batch(5)
        assert all(torch.equal(part[name], whole[name][rank::3]) for name in part)
