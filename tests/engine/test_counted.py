"""Noise by counter: the generator's published numbers, the law of what is drawn, and rows that stand alone."""

import hashlib
import math

import numpy as np
import pytest
import torch

from stages.engine.chance import Chance, key_of
from stages.engine.counted import FRACTION, halves, normal_rows, philox
from stages.engine.rowchance import RowChance
from stages.engine.world import World
from tests.device.far import DEVICE, Far, far

CPU = torch.device("cpu")
KEY = key_of(3, 5, "noise")


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, expected):
    words = tuple(torch.tensor([int(word, 16)]) for word in counter.split())
    left, right = (int(word, 16) for word in key.split())
    assert " ".join(f"{int(word):08x}" for word in philox(words, (left, right))) == expected


def test_a_number_is_the_sum_of_the_halves_of_its_word():
    # the third word of block 1 in row 9
    third, fourth = KEY >> 64 & 0xFFFFFFFF, KEY >> 96
    counter = tuple(torch.tensor(word) for word in (1, 9, third, fourth))
    word = int(philox(counter, (KEY & 0xFFFFFFFF, KEY >> 32 & 0xFFFFFFFF))[2])
    low, high = (halves(CPU)[part].item() for part in (word & 0xFFFF, word >> 16))
    assert normal_rows(KEY, range(9, 10), 7, CPU)[0, 6].item() == low + high


def test_the_halves_are_the_same_on_every_machine_and_their_sums_exact():
    table = halves(CPU)
    digest = hashlib.sha256(table.numpy().tobytes()).hexdigest()
    assert digest == "25aeee68ac62b72ab71f3f459454303ed0e46452ea5dbb32ef84ae75809e995e"
    assert torch.equal(table, -table.flip(0)) and (table.diff() >= 0).all()
    whole = table.double() * FRACTION
    assert torch.equal(whole, whole.round()) and 2 * whole.max() < 1 << 24, "a float32 holds each sum of two"


def test_the_law_of_a_sum_is_the_normal_one():
    """Exactly, from all 2^32 words: moments, and the largest distance of the distribution functions."""
    table = halves(CPU).double()
    square, fourth = table.square().mean().item(), (table**4).mean().item()
    assert 2 * square == pytest.approx(1.0, abs=1e-7)
    # of a sum of two: E x^4 = 2 E t^4 + 6 (E t^2)^2, of a normal 3
    assert 2 * fourth + 6 * square**2 == pytest.approx(3.0, abs=5e-4)
    assert 2 * table.max() > 6
    held = table.numpy()
    for point in np.linspace(-5, 5, 81):
        below = np.searchsorted(held, point - held, side="right").mean() / len(held)
        normal = 0.5 * math.erfc(-point / math.sqrt(2))
        assert abs(below - normal) < 8e-6, point  # at 0 half of the 2^-16 that are 0 itself


def test_what_is_drawn_follows_the_law():
    drawn = normal_rows(KEY, range(16), 50_000, CPU).double()
    flat = drawn.flatten().sort().values
    below = torch.arange(1, len(flat) + 1) / len(flat)
    normal = 0.5 * torch.erfc(-flat / math.sqrt(2))
    # 800,000 draws: the distance of Kolmogorov and Smirnov is above 0.0022 once in a thousand
    assert (below - normal).abs().max() < 0.0022
    assert abs(drawn.mean()) < 0.0056 and abs(drawn.var() - 1) < 0.008
    for other in (drawn[:, 1:] * drawn[:, :-1], drawn[1:] * drawn[:-1], drawn[:, 4:] * drawn[:, :-4]):
        assert abs(other.mean()) < 0.006, "neighbours of a block, a row or a column have nothing in common"


@pytest.mark.parametrize("columns", [1, 4, 6, 4096])
def test_rows_do_not_depend_on_what_is_drawn_beside_them(columns):
    whole = normal_rows(KEY, range(6), columns, CPU)
    assert whole.shape == (6, columns) and whole.dtype == torch.float32
    for row in range(6):
        assert torch.equal(normal_rows(KEY, range(row, row + 1), columns, CPU)[0], whole[row])
    assert torch.equal(normal_rows(KEY, range(6), columns + 9, CPU)[:, :columns], whole)


def test_a_process_draws_its_own_rows_of_the_batch_alone(monkeypatch):
    whole = Chance(1, 2, World.single()).noise("z", 8, 5, CPU)
    asked = []
    monkeypatch.setattr(
        "stages.engine.chance.normal_rows",
        lambda key, rows, columns, device: asked.append(len(rows)) or normal_rows(key, rows, columns, device),
    )
    for size in (2, 4):
        for rank in range(size):
            own = Chance(1, 2, World(rank, size, CPU)).noise("z", 8 // size, 5, CPU)
            assert torch.equal(own, whole[rank::size])
    assert asked == [4] * 2 + [2] * 4
    for other in (Chance(2, 2, World.single()), Chance(1, 3, World.single())):
        assert not torch.equal(other.noise("z", 8, 5, CPU), whole)
    assert not torch.equal(Chance(1, 2, World.single()).noise("y", 8, 5, CPU), whole)


def test_rows_of_samples_are_their_own():
    both = RowChance(0, ["a/0", "b/0"]).noise("z", 2, 5, CPU)
    assert torch.equal(both[1:], RowChance(0, ["b/0"]).noise("z", 1, 5, CPU))
    with pytest.raises(ValueError, match="'z': expected 2 rows"):
        RowChance(0, ["a/0", "b/0"]).noise("z", 3, 5, CPU)


def test_a_device_draws_the_cpus_bits_where_it_is():
    near = normal_rows(KEY, range(1, 7, 2), 10, CPU)
    with far():
        halves.cache_clear()
        there = normal_rows(KEY, range(1, 7, 2), 10, DEVICE)
        assert isinstance(there, Far) and torch.equal(there.cpu(), near)
    halves.cache_clear()
