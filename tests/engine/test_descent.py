"""Optimisers do what their description says, by hand-computed numbers."""

import math

import pytest
import torch
from torch import nn

from stages.engine.descent import Optimiser, lazy_corrected
from stages.engine.plan import Descent

ADAM = {"learning_rate": 0.002, "betas": (0.0, 0.99), "eps": 1e-8}


def nets() -> dict[str, nn.Module]:
    made = {"G": nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)), "D": nn.Linear(2, 1)}
    for net in made.values():
        for parameter in net.parameters():
            nn.init.constant_(parameter, 1.0)
            parameter.grad = torch.full_like(parameter, 0.5)
    return made


def moves(descent: Descent, step: int = 0) -> dict[str, float]:
    made = nets()
    moved = [parameter for name in descent.nets for parameter in made[name].parameters()]
    Optimiser(descent, made).step(step, moved)
    return {f"{net}.{name}": 1 - p.flatten()[0].item() for net in made for name, p in made[net].named_parameters()}


def test_lazy_correction_of_sixteen_gives_the_papers_numbers():
    rate, betas = lazy_corrected(0.002, (0.0, 0.99), 16)
    assert rate == pytest.approx(0.00188235, abs=5e-9)
    assert betas[0] == 0.0 and betas[1] == pytest.approx(0.990585, abs=5e-7)
    assert lazy_corrected(0.002, (0.0, 0.99), None) == (0.002, (0.0, 0.99))


def test_lazy_correction_reaches_the_optimiser():
    optimiser = Optimiser(Descent("adam", ("D",), lazy_every=16, **ADAM), nets())
    assert optimiser.rate == pytest.approx(0.002 * 16 / 17) and optimiser.betas[1] == pytest.approx(0.99 ** (16 / 17))
    assert moves(Descent("adam", ("D",), lazy_every=16, **ADAM))["D.weight"] == pytest.approx(0.00188235, rel=1e-4)


def test_adam_moves_by_the_rate_at_first_and_only_its_nets():
    moved = moves(Descent("adam", ("D",), **ADAM))
    assert moved["D.weight"] == pytest.approx(0.002, rel=1e-4)
    assert moved["G.0.weight"] == moved["G.1.bias"] == 0


def test_adamw_decays_apart_from_the_gradient():
    decayed = moves(Descent("adamw", ("D",), weight_decay=0.1, **ADAM))["D.weight"]
    assert decayed == pytest.approx(0.002 * 0.1 + 0.002, rel=1e-3)


def test_sgd_with_momentum_and_decay_by_hand():
    made = nets()
    descent = Descent("sgd", ("D",), 0.1, momentum=0.9, weight_decay=0.2)
    optimiser = Optimiser(descent, made)
    for step in range(2):
        made["D"].weight.grad = torch.full_like(made["D"].weight, 0.5)
        optimiser.step(step, list(made["D"].parameters()))
    # v = 0.5 + 0.2 * 1 = 0.7, w = 0.93;  v = 0.63 + 0.5 + 0.186 = 1.316, w = 0.7984
    assert made["D"].weight.tolist() == [[pytest.approx(0.7984)] * 2]


def test_scale_takes_the_longest_matching_prefix_at_a_dot():
    moved = moves(Descent("sgd", ("G", "D"), 0.1, scale={"G": 0.5, "G.1": 0.1}))
    # gradient 0.5, rate 0.1
    assert moved["G.0.weight"] == pytest.approx(0.025)
    assert moved["G.1.weight"] == pytest.approx(0.005) and moved["G.1.bias"] == pytest.approx(0.005)
    assert moved["D.weight"] == pytest.approx(0.05)


@pytest.mark.parametrize("step", [0, 3, 10])
def test_schedule_multiplies_the_rate_of_its_step(step):
    descent = Descent("sgd", ("G", "D"), 0.1, scale={"G": 0.5}, schedule=lambda step: math.cos(step / 20))
    moved = moves(descent, step)
    assert moved["D.weight"] == pytest.approx(0.05 * math.cos(step / 20), rel=1e-5)
    assert moved["G.0.weight"] == pytest.approx(0.025 * math.cos(step / 20), rel=1e-5)


def test_clipping_bounds_the_norm_over_what_moves():
    # three parameters of gradient 0.5: norm sqrt(0.75); clipped to 0.1
    moved = moves(Descent("sgd", ("D",), 1.0, clip_norm=0.1))
    assert moved["D.weight"] == pytest.approx(0.1 * 0.5 / math.sqrt(0.75), rel=1e-4)
    assert moves(Descent("sgd", ("D",), 1.0, clip_norm=5.0))["D.weight"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("descent", "message"),
    [
        (Descent("adam", ("H",), **ADAM), r"\['H'\]"),
        (Descent("adam", ("D",), 0.1, eps=1e-8), "betas and eps"),
        (Descent("sgd", ("D",), 0.1, lazy_every=16), "lazy"),
        (Descent("sgd", ("D",), 0.1, scale={"D.wei": 0.1}), "D.wei"),
        (Descent("lion", ("D",), **ADAM), "lion"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(descent, message):
    with pytest.raises(ValueError, match=message):
        Optimiser(descent, nets())


def test_parameters_that_never_learn_are_left_out():
    made = nets()
    made["D"].bias.requires_grad_(False)
    optimiser = Optimiser(Descent("adam", ("D",), **ADAM), made)
    assert list(optimiser.parameters) == ["D.weight"]


@pytest.mark.parametrize("kind", ["adam", "adamw", "sgd"])
def test_many_steps_equal_torch_s_own_optimiser(kind):
    made, other = nets(), nets()
    numbers = {"momentum": 0.9} if kind == "sgd" else {"betas": (0.5, 0.9), "eps": 1e-6}
    ours = Optimiser(Descent(kind, ("G",), 0.01, weight_decay=0.05, **numbers), made)
    theirs = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}[kind](
        other["G"].parameters(), lr=0.01, weight_decay=0.05, **numbers
    )
    for step in range(20):
        for ours_parameter, their_parameter in zip(made["G"].parameters(), other["G"].parameters(), strict=True):
            gradient = torch.sin(torch.arange(their_parameter.numel()) + 3.0 * step).view_as(their_parameter)
            # every third step one parameter has none and must stay
            skipped = step % 3 == 0 and their_parameter.dim() == 1
            ours_parameter.grad = their_parameter.grad = None if skipped else gradient
        ours.step(step, list(made["G"].parameters()))
        theirs.step()
    for ours_parameter, their_parameter in zip(made["G"].parameters(), other["G"].parameters(), strict=True):
        torch.testing.assert_close(ours_parameter, their_parameter, rtol=1e-6, atol=1e-7)


def test_moments_survive_a_round_trip_exactly():
    made = nets()
    descent = Descent("adam", ("G", "D"), **ADAM)
    first, second = Optimiser(descent, made), Optimiser(descent, made)
    first.step(0, [])
    second.load_state_dict(first.state_dict())
    for name, moments in first.state_dict().items():
        assert all(torch.equal(moments[key], second.moments[name][key]) for key in ("first", "second", "step"))
        assert moments["step"] == 1
