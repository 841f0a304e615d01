"""CycleLoss and F/LSeSim, the pools of earlier fakes, and how learning rates fall."""

import pytest
import torch
from torch import nn

from stages.engine.chance import Chance
from stages.engine.world import World, settle
from stages.papers.monce.common import epoch_of, falls_after_half, falls_from_half
from stages.papers.monce.methods.cycle import method as cycle
from stages.papers.monce.methods.lsesim import method as lsesim
from stages.papers.monce.pool import empty_pool, exchanged
from tests.papers.monce_blocks import drawn_pack, fresh_vgg, monce_block

WORLD = World.single()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("drawn")
    return {"data": drawn_pack("horses", folder), "features": fresh_vgg(folder / "vgg")}


def made(inputs, run: str, **changes):
    """The method of a run, and a first batch with what the phases share."""
    module = cycle if run == "cycle" else lsesim
    block = monce_block(module.__name__.split(".")[-2], "horses", run, **changes)
    method, source = module.for_training(block, inputs, 0, WORLD)
    batch = source.batch(0)
    return method, batch


def terms_of(method, batch, phase: str, step: int = 0) -> dict:
    """The losses of one phase."""
    shared = method.forward(batch, Chance(0, step, WORLD))
    (chosen,) = (one for one in method.phases(step) if one.name == phase)
    return method.losses(chosen, batch, shared, Chance(0, step, WORLD), step)


class Same(nn.Module):
    """A generator that makes what it is given."""

    def forward(self, images, taps=()):
        return images, []


def test_generators_that_change_nothing_cost_no_cycle_and_no_identity(inputs):
    method, batch = made(inputs, "cycle")
    method.nets |= {"generator": Same(), "back": Same()}
    terms = terms_of(method, batch, "G")
    for side in ("source", "target"):
        assert terms[f"G/cycle_{side}"].item() == 0 and terms[f"G/identity_{side}"].item() == 0
    assert set(terms) == {f"G/{what}_{side}" for what in ("cycle", "identity", "adversarial")
                          for side in ("source", "target")}  # fmt: skip


def test_cycle_terms_by_hand(inputs):
    """G adds 0.5 and back takes 0.25 away: the ways round are off by 0.25, the identities by 0.5 and 0.25."""
    method, batch = made(inputs, "cycle")

    class Plus(Same):
        def __init__(self, step):
            super().__init__()
            self.step = step

        def forward(self, images, taps=()):
            return images + self.step, []

    method.nets |= {"generator": Plus(0.5), "back": Plus(-0.25)}
    terms = {name: term.item() for name, term in terms_of(method, batch, "G").items()}
    assert terms["G/cycle_source"] == pytest.approx(2.5) and terms["G/cycle_target"] == pytest.approx(2.5)
    assert terms["G/identity_target"] == pytest.approx(2.5) and terms["G/identity_source"] == pytest.approx(1.25)
    with torch.no_grad():
        judged = method.nets["judge_target"](batch["source"] + 0.5)
    assert terms["G/adversarial_target"] == pytest.approx(((judged - 1) ** 2).mean().item(), rel=1e-5)


def test_cycle_has_a_second_pair_and_moves_generators_first(inputs):
    method, _ = made(inputs, "cycle")
    assert [(phase.name, phase.learns) for phase in method.phases(0)] == [
        ("G", ("generator", "back")), ("D", ("judge_source", "judge_target")),
    ]  # fmt: skip
    first, second = (
        [parameter for parameter in method.nets[name].parameters() if parameter.dim() > 1]
        for name in ("generator", "back")
    )
    assert not any(torch.equal(one, two) for one, two in zip(first, second, strict=True))
    assert {name: tuple(pool.shape) for name, pool in method.memory.items()} == {
        "pool_source": (3, 3, 32, 32), "pool_target": (3, 3, 32, 32),
    }  # fmt: skip


def test_discriminators_see_pools_of_their_own_side(inputs):
    method, batch = made(inputs, "cycle")
    shared = method.forward(batch, Chance(0, 0, WORLD))
    terms_of(method, batch, "D")
    for side in ("source", "target"):
        assert torch.equal(method.memory[f"pool_{side}"][:2], shared["fake"][side])
        assert not method.memory[f"pool_{side}"][2].any()


def test_a_translation_that_changes_nothing_has_the_same_self_similarity(inputs):
    for run in ("lsesim", "learned"):
        method, batch = made(inputs, run)
        method.nets["generator"] = Same()
        assert terms_of(method, batch, "G")["G/similarity"].item() < 1e-5


def test_self_similarity_enters_with_its_weight_at_the_drawn_places(inputs):
    values = {}
    for weight in (1.0, 10.0):
        method, batch = made(inputs, "lsesim", weight_similarity=weight)
        values[weight] = terms_of(method, batch, "G")["G/similarity"].item()
    assert values[10.0] == pytest.approx(10 * values[1.0], rel=1e-5) and values[1.0] > 1e-3
    method, batch = made(inputs, "lsesim")
    assert [phase.name for phase in method.phases(0)] == ["D", "G"]
    generator = list(method.nets["generator"].parameters())
    slopes = torch.autograd.grad(terms_of(method, batch, "G")["G/similarity"], generator, allow_unused=True)
    assert all(slope is not None for slope in slopes)
    assert not any(parameter.requires_grad for parameter in method.frozen["features"].parameters())


def test_the_learned_form_teaches_its_heads_first_and_only_them(inputs):
    method, batch = made(inputs, "learned")
    assert [(phase.name, phase.learns) for phase in method.phases(0)] == [
        ("S", ("similarity",)), ("D", ("discriminator",)), ("G", ("generator",)),
    ]  # fmt: skip
    term = terms_of(method, batch, "S")["S/contrast"]
    heads, generator = (list(method.nets[name].parameters()) for name in ("similarity", "generator"))
    assert all(slope is not None for slope in torch.autograd.grad(term, heads, retain_graph=True, allow_unused=True))
    assert all(slope is None for slope in torch.autograd.grad(term, generator, allow_unused=True))


def test_lsesim_and_its_learned_form_have_the_authors_numbers():
    fixed, learned = (monce_block("lsesim", "horses", run, "paper") for run in ("lsesim", "learned"))
    assert (fixed.learning_rate, fixed.window, fixed.learned) == (1e-4, 64, False)
    assert (learned.window, learned.learned, learned.temperature) == (32, True, 0.07)
    assert fixed.features == ("relu3_1", "relu4_1", "relu4_3") and fixed.weight_similarity == 10


def plainly(places: int, batches: list[torch.Tensor], draws: list) -> tuple[list, list]:
    """CycleGAN's pool as a list: what is seen of each batch, and what it holds in the end."""
    held, seen = [], []
    for batch, numbers in zip(batches, draws, strict=True):
        row = []
        for fake in batch:
            if len(held) < places:
                held.append(fake)
                row.append(fake)
            elif numbers.random() < 0.5:
                row.append(fake)
            else:
                at = int(numbers.integers(places))
                row.append(held[at])
                held[at] = fake
        seen.append(torch.stack(row))
    return seen, held


class Pair(World):
    """One of two processes whose gather is told the whole batch."""

    def gather(self, rows):
        return self.__dict__["whole"]


def of_two(rank: int, whole: torch.Tensor) -> World:
    world = Pair(rank, 2, torch.device("cpu"))
    world.__dict__["whole"] = whole
    return world


def test_the_pool_is_a_list_of_fakes_for_one_process_and_for_two():
    batches = [torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(step)) for step in range(12)]
    seen, held = plainly(6, batches, [Chance(5, step, WORLD).numpy("pool") for step in range(12)])
    alone, pools = empty_pool(6, 8), [empty_pool(6, 8), empty_pool(6, 8)]
    for step, (batch, expected) in enumerate(zip(batches, seen, strict=True)):
        given = batch.clone().requires_grad_()
        found = exchanged(alone, given, step, Chance(5, step, WORLD), "pool", WORLD)
        assert torch.equal(found, expected) and not found.requires_grad
        for rank, pool in enumerate(pools):
            world = of_two(rank, batch)
            own = exchanged(pool, batch[rank::2], step, Chance(5, step, world), "pool", world)
            assert torch.equal(own, expected[rank::2])
    for pool in (alone, *pools):
        assert torch.equal(pool, torch.stack(held))
    old = sum(
        not torch.equal(one, two) for a, b in zip(seen, batches, strict=True) for one, two in zip(a, b, strict=True)
    )
    assert 10 < old < 32  # about half of the 42 that came to a full pool


def test_a_pool_larger_than_the_training_is_seen_as_it_comes():
    pool = empty_pool(50, 4)
    for step in range(3):
        batch = torch.full((2, 3, 4, 4), float(step + 1))
        assert torch.equal(exchanged(pool, batch, step, Chance(0, step, WORLD), "pool", WORLD), batch)
    assert pool[:6, 0, 0, 0].tolist() == [1, 1, 2, 2, 3, 3] and not pool[6:].any()


def test_epochs_are_shares_of_the_iterations():
    block = monce_block("contrast", "horses", "monce", "paper")
    assert (block.iterations, block.epochs, block.batch) == (44_400, 400, 12)
    assert [epoch_of(step, 44_400, 400) for step in (0, 110, 111, 44_399)] == [0, 0, 1, 399]
    sets = {
        name: monce_block("contrast", name, "monce", "paper").iterations for name in ("horses", "street", "seasons")
    }
    assert sets == {"horses": 44_400, "street": 98_800, "seasons": 40_800}


def test_unpaired_rates_are_whole_for_half_and_then_fall_to_one_201st():
    factor = falls_after_half(44_400, 400)
    assert all(factor(step) == 1 for step in (0, 22_199))
    assert factor(22_200) == pytest.approx(200 / 201) and factor(22_310) == factor(22_200)
    assert factor(44_399) == pytest.approx(1 / 201)


def test_paired_rates_fall_to_two_nths():
    """SPADE takes lr / niter_decay away after each epoch of the second half, so its first one is whole."""
    factor = falls_from_half(202_000, 200)
    assert factor(0) == factor(100_999) == factor(101_000) == factor(102_009) == 1
    assert factor(102_010) == pytest.approx(0.99) and factor(201_999) == pytest.approx(2 / 200)


@pytest.mark.parametrize("method", ["cycle", "lsesim"])
def test_each_optimiser_has_the_methods_rate_and_fall(inputs, method):
    found, _ = made(inputs, method)
    for descent in found.descents.values():
        assert descent.learning_rate == found.block.learning_rate and descent.betas == (0.5, 0.999)
        assert descent.schedule is not None
        assert descent.schedule(1) == falls_after_half(found.block.iterations, found.block.epochs)(1) < 1
