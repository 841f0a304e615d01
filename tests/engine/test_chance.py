"""Random draws are functions of (seed, step, name) and of nothing else."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.engine.chance import Chance, initialised, key_of
from stages.engine.world import World

CPU = torch.device("cpu")


def test_key_is_the_start_of_sha256_of_seed_step_and_name():
    # printf '7/3/codes' | sha256sum, first 16 bytes, read as a little-endian number
    digest = "86d76a145431124a974f522885b2447775995224edf1bd718064de26a6a38015"
    assert key_of(7, 3, "codes").to_bytes(16, "little").hex() == digest[:32]


@pytest.mark.parametrize("draw", ["normal", "uniform"])
@given(st.sampled_from([1, 2, 3, 4]), st.integers(1, 3), st.integers(0, 2**40), st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_ranks_together_draw_what_one_process_draws(draw, size, rows, seed, step):
    whole = getattr(Chance(seed, step, World.single()), draw)("z", rows * size, 2, 3)
    for rank in range(size):
        own = getattr(Chance(seed, step, World(rank, size, CPU)), draw)("z", rows, 2, 3)
        assert own.dtype == torch.float32 and own.is_contiguous()
        assert torch.equal(own, whole[rank::size])


def test_shared_draws_are_equal_on_all_ranks():
    chances = [Chance(5, 9, World(rank, 4, CPU)) for rank in range(4)]
    for draw in (lambda c: c.shared_normal("t", 3, 2), lambda c: c.permutation("p", 17)):
        assert all(torch.equal(draw(chances[0]), draw(chance)) for chance in chances[1:])
    assert sorted(chances[2].permutation("p", 17).tolist()) == list(range(17))


def test_draws_depend_on_seed_step_and_name_each():
    base = Chance(1, 2, World.single()).normal("a", 8)
    others = [Chance(2, 2, World.single()).normal("a", 8), Chance(1, 3, World.single()).normal("a", 8)]
    others += [Chance(1, 2, World.single()).normal("b", 8), Chance(12, 2, World.single()).normal("a", 8)]
    assert not any(torch.equal(base, other) for other in others)


def test_draws_do_not_depend_on_order_or_on_global_generators():
    chance = Chance(1, 2, World.single())
    first = chance.normal("a", 4, 4)
    torch.manual_seed(99)
    np.random.seed(99)
    chance.uniform("b", 4)
    before = torch.get_rng_state()
    assert torch.equal(first, chance.normal("a", 4, 4))
    assert torch.equal(before, torch.get_rng_state())


def test_draws_have_the_moments_of_their_law():
    chance = Chance(0, 0, World.single())
    normal, uniform = chance.normal("n", 100, 400), chance.uniform("u", 100, 400)
    # 40,000 draws: five standard errors of the mean are 0.025 and 0.0072
    assert abs(normal.mean()) < 0.025 and abs(normal.std() - 1) < 0.02
    assert abs(uniform.mean() - 0.5) < 0.0072 and uniform.min() >= 0 and uniform.max() < 1


def test_draws_without_a_shape_are_one_number_a_row():
    assert Chance(0, 0, World.single()).normal("n", 5).shape == (5,)


def test_initialised_gives_a_net_by_seed_and_name_and_leaves_the_generator():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    made = []
    for seed, name in ((1, "G"), (1, "G"), (1, "D"), (2, "G")):
        with initialised(seed, name):
            made.append(torch.nn.Linear(3, 3).weight)
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2]) and not torch.equal(made[0], made[3])
    assert torch.equal(before, torch.get_rng_state())
