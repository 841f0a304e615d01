"""Contrast of patches: what is a query, what a key, and one step of each loss against a plain computation."""

import math

import numpy as np
import pytest
import torch

from stages.engine.chance import Chance
from stages.engine.loop import Run
from stages.engine.world import World, settle
from stages.papers.monce.contrasting import draw_positions, embedded, head_for, said_of
from stages.papers.monce.methods.contrast import method as contrast
from tests.papers.monce_blocks import drawn_pack, monce_block, plain_loss

WORLD = World.single()
RUNS = ("patch", "weight", "monce", "q01", "q05", "q2", "q5", "b05", "b1", "b5", "easy")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    settle(torch.device("cpu"))
    return drawn_pack("horses", tmp_path_factory.mktemp("drawn"))


def made(data, run: str = "monce", **changes):
    """The method, its source, and a first batch with what the phases share."""
    method, source = contrast.for_training(monce_block("contrast", "horses", run, **changes), {"data": data}, 0, WORLD)
    batch = source.batch(0)
    return method, source, batch, method.forward(batch, Chance(0, 0, WORLD))


def terms_of(method, batch, shared, phase: int = 1, step: int = 0) -> dict:
    return method.losses(method.phases(step)[phase], batch, shared, Chance(0, step, WORLD), step)


@pytest.mark.parametrize("layer0", ["padded", "unpadded"])
def test_keys_are_the_taps_of_the_one_pass_and_equal_a_fresh_pass(data, layer0):
    method, _, batch, shared = made(data, layer0=layer0)
    both = torch.cat([batch["source"], batch["target"]])
    again, fresh = method.generator(both), method.generator.encode(both, method.block.layers)
    assert torch.equal(shared["made"], again[0]) and shared["made"].requires_grad and shared["rows"] == 2
    assert len(shared["keys"]) == len(fresh) == 5
    for key, tap in zip(shared["keys"], fresh, strict=True):
        assert torch.equal(key, tap) and not key.requires_grad
    assert method.nets["head"].channels == tuple(key.shape[1] for key in shared["keys"]) == (3, 16, 32, 32, 32)
    assert shared["keys"][0].shape[-1] == (38 if layer0 == "padded" else 32)


def test_without_the_identity_half_targets_are_not_translated(data):
    method, _, batch, shared = made(data, identity=False)
    assert len(shared["made"]) == len(shared["keys"][0]) == len(batch["source"])
    terms = terms_of(method, batch, shared)
    assert "G/identity" not in terms and {"G/content", "G/adversarial"} <= set(terms)


def test_queries_have_gradients_and_keys_have_none(data):
    method, _, _, shared = made(data)
    head, keys = method.nets["head"], [key.clone().requires_grad_() for key in shared["keys"]]
    queries = [key.clone().requires_grad_() for key in shared["keys"]]
    positions = draw_positions(keys, 16, Chance(0, 0, WORLD), "here")
    pairs = embedded(head, list(zip(queries, keys, strict=True)), positions)
    assert all(query.requires_grad and not key.requires_grad for query, key in pairs)
    torch.stack([query[:, :, 0].sum() for query, _ in pairs]).sum().backward()
    assert all(query.grad is not None and query.grad.abs().sum() > 0 for query in queries)
    assert all(key.grad is None for key in keys)


def test_positions_do_not_repeat_and_follow_from_the_chance(data):
    _, _, _, shared = made(data)
    sides = [key.shape[2] * key.shape[3] for key in shared["keys"]]
    drawn = [draw_positions(shared["keys"], 100, Chance(0, step, WORLD), "here") for step in (3, 3, 4)]
    assert [len(at) for at in drawn[0]] == [min(100, side) for side in sides] and min(sides) < 100
    assert all(len(set(at.tolist())) == len(at) for at in drawn[0])
    assert all(torch.equal(one, two) for one, two in zip(drawn[0], drawn[1], strict=True))
    assert not any(torch.equal(one, two) for one, two in zip(drawn[0], drawn[2], strict=True))


def expected(method, batch, shared, name: str, part: slice) -> float:
    """lambda / 2 x the mean over layers and pictures, at the positions that the chance gives."""
    block, chance = method.block, Chance(0, 0, WORLD)
    queries, values = method.generator.encode(shared["made"], block.layers), []
    for at, (query, key) in enumerate(zip(queries, shared["keys"], strict=True)):
        places = chance.permutation(f"positions/{name}/{at}", query.shape[2] * query.shape[3])[: block.positions]
        rows = [side[part].flatten(2)[:, :, places].transpose(1, 2) for side in (query, key)]
        rows = [method.nets["head"].layers[at](side).detach().double().numpy() for side in rows]
        values += [plain_loss(one, two, block) for one, two in zip(*rows, strict=True)]
    return block.weight_contrast / 2 * float(np.mean(values))


@pytest.mark.parametrize("run", RUNS)
def test_one_step_is_the_papers_formula(data, run):
    method, _, batch, shared = made(data, run)
    terms = terms_of(method, batch, shared)
    for name, part in (("content", slice(0, 2)), ("identity", slice(2, None))):
        assert terms[f"G/{name}"].item() == pytest.approx(expected(method, batch, shared, name, part), rel=1e-4)


def test_weights_q_beta_and_direction_all_enter(data):
    values = {}
    for run in RUNS:
        method, _, batch, shared = made(data, run)
        values[run] = terms_of(method, batch, shared)["G/content"].item()
    assert len({round(value, 5) for value in values.values()}) == len(RUNS)
    assert values["q01"] < values["q05"] < values["monce"] < values["q2"] < values["q5"]
    assert values["weight"] > values["patch"] > values["easy"]  # hard negatives weigh more than all alike


def test_adversarial_terms_are_least_squares_of_the_present_fakes(data):
    """The discriminator sees no pool: the fakes of this very batch, without a graph, and targets."""
    method, _, batch, shared = made(data)
    seen, judge = [], method.nets["discriminator"]
    judge.register_forward_pre_hook(lambda net, given: seen.append(given[0]))
    terms = terms_of(method, batch, shared, phase=0)
    assert method.memory == {} and len(seen) == 2
    assert torch.equal(seen[0], batch["target"]) and torch.equal(seen[1], shared["made"][:2])
    assert not seen[1].requires_grad
    with torch.no_grad():
        real, fake = judge(batch["target"]), judge(shared["made"][:2])
    assert terms["D/adversarial"].item() == pytest.approx((((real - 1) ** 2).mean() + (fake**2).mean()).item() / 2)
    on = terms_of(method, batch, shared)["G/adversarial"].item()
    assert on == pytest.approx(((fake - 1) ** 2).mean().item(), rel=1e-5)


def test_phases_move_their_own_nets_and_give_the_discriminator_no_gradient(data, tmp_path):
    method, source, _, _ = made(data)
    run, states, order = Run(method, source, method.block, 0, WORLD, tmp_path), [], []

    def copied():
        nets = method.nets.items()
        return {name: [parameter.detach().clone() for parameter in net.parameters()] for name, net in nets}

    for name, optimiser in run.optimisers.items():

        def noted(step, moved, name=name, real=optimiser.step):
            order.append(name)
            if name == "G":
                assert all(parameter.grad is None for parameter in method.nets["discriminator"].parameters())
            real(step, moved)
            states.append(copied())

        optimiser.step = noted
    states.append(copied())
    run.step(source.batch(0))
    assert order == ["D", "G"]

    def changed(one: dict, other: dict) -> set[str]:
        return {net for net in one if any(not torch.equal(a, b) for a, b in zip(one[net], other[net], strict=True))}

    assert changed(states[0], states[1]) == {"discriminator"}
    assert changed(states[1], states[2]) == {"generator", "head"}


@pytest.mark.parametrize("beta", [0.1, 1.0])
@pytest.mark.parametrize("q", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("favour", ["hard", "easy"])
def test_twenty_steps_on_a_fixed_batch_lower_the_contrast(data, tmp_path, favour, q, beta):
    changes = {"favour": favour, "negative_weight": q, "beta": beta, "iterations": 40, "width": 4, "judge_width": 4}
    method, source, batch, _ = made(data, **changes)
    run = Run(method, source, method.block, 0, WORLD, tmp_path)

    def contrasts() -> float:
        with torch.no_grad():
            terms = terms_of(method, batch, method.forward(batch, Chance(0, 0, WORLD)))
        assert all(math.isfinite(term.item()) for term in terms.values())
        return (terms["G/content"] + terms["G/identity"]).item()

    before = contrasts()
    for _ in range(20):
        run.step(batch)
    assert contrasts() < before


def test_statistics_come_with_the_lines_of_the_curve(data):
    method, _, batch, shared = made(data, tick_every=3)
    told = [name for name in terms_of(method, batch, shared, step=2) if "stat/" in name]
    assert {name.rpartition("/")[2] for name in told} == {
        f"{part}_{what}" for part in ("content", "identity")
        for what in ("positive", "negative", "unsolved", "alignment", "uniformity", "row_error")
    }  # fmt: skip
    assert not any("stat/" in name for name in terms_of(method, batch, shared, step=1))


def test_statistics_by_hand():
    """Two anchors whose keys are at right angles: 1 and 0; the second query lies on the first key."""
    block = monce_block("contrast", "horses", "patch", negative_weight=2.0, temperature=0.5)
    query, key = torch.tensor([[[1.0, 0.0], [1.0, 0.0]]]), torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    said = {name: value.item() for name, value in said_of([(query, key)], block).items()}
    assert said["positive"] == pytest.approx(0.5) and said["negative"] == pytest.approx(0.5)
    assert said["alignment"] == pytest.approx(1.0) and said["uniformity"] == pytest.approx(0.0, abs=1e-6)
    solved = [math.exp(2) / (math.exp(2) + 2), 1 / (1 + 2 * math.exp(2))]
    assert said["unsolved"] == pytest.approx(1 - sum(solved) / 2, rel=1e-5) and said["row_error"] == 0


def test_no_embedding_is_a_head_without_parameters(data, tmp_path):
    method, source, _, _ = made(data, embedding=0)
    assert not list(method.nets["head"].parameters())
    Run(method, source, method.block, 0, WORLD, tmp_path).step(source.batch(0))
    assert not len(head_for((3, 4), method.block, 1.0).layers)


def test_losses_are_float32_under_autocast(data):
    method, _, batch, _ = made(data)
    with torch.autocast("cpu", torch.bfloat16):
        shared = method.forward(batch, Chance(0, 0, WORLD))
        terms = [terms_of(method, batch, shared, phase) for phase in (0, 1)]
    assert shared["made"].dtype == torch.bfloat16
    losses = {name: term for held in terms for name, term in held.items() if "stat/D" not in name}
    assert {name for name, term in losses.items() if term.dtype != torch.float32} <= {"D/stat/real", "D/stat/fake"}


def test_direction_says_which_domain_is_the_source(data):
    both = [made(data, direction=direction)[2] for direction in ("a_to_b", "b_to_a")]
    assert torch.equal(both[0]["source"], both[1]["target"]) and torch.equal(both[0]["target"], both[1]["source"])
    assert not torch.equal(both[0]["source"], both[0]["target"])


def test_data_of_another_side_are_refused(data):
    with pytest.raises(ValueError, match=r"expected pictures of 48 px \(key size_px\), came 32"):
        contrast.for_training(monce_block("contrast", "horses", "monce", size_px=48), {"data": data}, 0, WORLD)
