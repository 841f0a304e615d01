"""The key fills: whether both phases of a step look at one filling, or each at one with codes of its own."""

import pytest
import torch

from stages.engine.world import World
from tests.papers.contrasfill_toys import METHODS, batch_of, block, chance, make
from tests.papers.test_contrasfill_assembly import judged


def told(method: str, fills: str):
    """A method with a judge that keeps what it was shown, in one step of the loop: its fakes in D and in G."""
    made, judge = judged(method, fills=fills)
    calls = []
    made.nets["generator"].register_forward_hook(lambda *_: calls.append(torch.is_grad_enabled()))
    batch = batch_of(4)
    shared = made.forward(batch, chance(1))
    d, g = made.phases(1)
    made.losses(d, batch, shared, chance(1), 1)
    terms = made.losses(g, batch, shared, chance(1), 1)
    return made, calls, judge.seen[0].chunk(2)[0], judge.seen[1], terms


@pytest.mark.parametrize("method", METHODS)
def test_one_filling_of_the_step_is_seen_by_both_phases(method):
    made, calls, in_d, in_g, terms = told(method, "shared")
    assert calls == [True] and torch.equal(in_d, in_g)
    assert not in_d.requires_grad and in_g.requires_grad
    first = next(made.nets["generator"].mapping.parameters())
    assert torch.autograd.grad(terms["G/adversarial"], first)[0].abs().sum() > 0


@pytest.mark.parametrize("method", METHODS)
def test_each_phase_fills_with_codes_of_its_own(method):
    made, calls, in_d, in_g, _ = told(method, "fresh")
    assert made.forward(batch_of(4), chance(1)) == {}
    assert calls == [False, True] and not torch.equal(in_d, in_g)


@pytest.mark.parametrize("method", METHODS)
def test_the_shared_filling_is_the_one_that_the_generator_alone_would_see(method):
    """Codes, mixing and dropout come from (seed, step, name), and the name is G's either way."""
    assert torch.equal(told(method, "shared")[3], told(method, "fresh")[3])


def test_a_batch_that_does_not_fit_the_codes_is_refused_before_anything_is_filled():
    made = make("contrasfill", block("contrasfill", fills="shared"), World.single())
    with pytest.raises(ValueError, match="keys batch, codes_per_space, subsample"):
        made.forward(batch_of(6), chance(1))
