"""Spectral normalisation: size, start, copies, files, evaluation."""

import copy

import pytest
import torch
from torch import nn

from stages.engine.average import Averages
from stages.engine.chance import initialised
from stages.engine.state import StateFolder
from stages.engine.weights import load_weights, write_weights
from stages.nets.spectral import spectral


class Held:
    """A method's nets and memory, as the engine's files take them."""

    def __init__(self, net: nn.Module):
        self.nets, self.memory = {"net": net}, {}


def made(seed: int = 0) -> nn.Module:
    with initialised(seed, "net"):
        net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.LeakyReLU(0.2), nn.Conv2d(8, 6, 3, bias=False), nn.Conv2d(6, 1, 1))
    return spectral(net, ["0", "2"])


def largest(layer) -> float:
    return float(torch.linalg.svdvals(layer.weight.detach().flatten(1))[0])


X = torch.linspace(-1, 1, 2 * 3 * 8 * 8).view(2, 3, 8, 8)


def test_the_largest_singular_value_becomes_one():
    net = made()
    for _ in range(10):
        net(X)
    net.eval()
    assert largest(net[0]) == pytest.approx(1, abs=1e-3) and largest(net[2]) == pytest.approx(1, abs=1e-3)
    original = net[2].parametrizations.weight.original
    ratio = original / net[2].weight
    torch.testing.assert_close(ratio, torch.full_like(ratio, largest_of(original)), rtol=1e-3, atol=0)
    assert not hasattr(net[3], "parametrizations")


def largest_of(weight: torch.Tensor) -> float:
    return float(torch.linalg.svdvals(weight.detach().flatten(1))[0])


def test_the_start_follows_from_name_and_weight_and_leaves_the_generator_alone():
    torch.manual_seed(1)
    one = made().state_dict()
    after = torch.rand(1)
    torch.manual_seed(1)
    assert torch.equal(after, torch.rand(1))
    torch.manual_seed(99)
    two = made().state_dict()
    assert one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
    assert set(one) == {
        "0.bias", "0.parametrizations.weight.original", "0.parametrizations.weight.0._u",
        "0.parametrizations.weight.0._v", "2.parametrizations.weight.original", "2.parametrizations.weight.0._u",
        "2.parametrizations.weight.0._v", "3.weight", "3.bias",
    }  # fmt: skip
    assert not torch.equal(
        one["0.parametrizations.weight.0._u"], made(1).state_dict()["0.parametrizations.weight.0._u"]
    )


def test_evaluation_runs_no_power_iteration_and_training_one():
    net = made()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    net.eval()
    first = net(X)
    assert torch.equal(first, net(X))
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    net.train()(X)
    moved = {name for name, value in net.state_dict().items() if not torch.equal(before[name], value)}
    assert moved <= {f"{at}.parametrizations.weight.0._{v}" for at in (0, 2) for v in "uv"} and moved
    weight = before["2.parametrizations.weight.original"].flatten(1)
    u = before["2.parametrizations.weight.0._v"]
    u = nn.functional.normalize(weight @ u, dim=0)
    torch.testing.assert_close(net.state_dict()["2.parametrizations.weight.0._u"], u)


def test_copies_and_averages_are_apart_and_follow():
    net = made()
    twin = copy.deepcopy(net)
    assert torch.equal(net.eval()(X), twin.eval()(X))
    averages = Averages({"net": net}, ("net",))
    net.train()
    for parameter in net.parameters():
        parameter.data.mul_(3.0)
    net(X)
    averages.update(0.5)
    held = averages.copies["net"]
    assert not held.training
    name = "2.parametrizations.weight.original"
    torch.testing.assert_close(held.state_dict()[name], 2 * twin.state_dict()[name])
    u = "2.parametrizations.weight.0._u"
    assert torch.equal(held.state_dict()[u], net.state_dict()[u])
    held_before = held(X).clone()
    net(X)
    assert torch.equal(held(X), held_before)


def test_files_give_the_same_network_back(tmp_path):
    net = made()
    net(X)
    write_weights({"net": net}, {}, tmp_path)
    other = made(5)
    load_weights(Held(other), tmp_path)
    assert torch.equal(net.eval()(X), other.eval()(X))
    assert torch.equal(net.train()(X), other.train()(X))  # and goes on alike
    states = StateFolder(tmp_path / "states", "run")
    states.save(3, {"net": net.state_dict()})
    third = made(6)
    third.load_state_dict(states.load()[1]["net"])
    assert torch.equal(net(X), third(X))
    write_weights({"net": third}, {}, tmp_path / "states")
    write_weights({"net": net}, {}, tmp_path)
    assert (tmp_path / "weights.safetensors").read_bytes() == (tmp_path / "states/weights.safetensors").read_bytes()


def test_gradients_reach_the_weight_that_learns_through_the_division():
    x = X.double()
    # The layer does not see the length of its weight, so the gradient is at right angles to it once u and v have
    # settled, and shrinking the weight changes nothing.
    settled = made().double()
    for _ in range(200):
        settled(x)
    settled.eval().zero_grad()
    settled(x).square().sum().backward()
    weight = settled[2].parametrizations.weight.original
    along = torch.nn.functional.cosine_similarity(weight.grad.flatten(), weight.detach().flatten(), dim=0)
    assert abs(float(along)) < 1e-9
    before = settled(x)
    weight.data.mul_(0.1)
    torch.testing.assert_close(settled(x), before)


def test_wrong_layers_are_refused():
    net = made()
    with pytest.raises(ValueError, match="layer with a weight, got '7'"):
        spectral(net, ["7"])
    with pytest.raises(ValueError, match="got '1'"):
        spectral(net, ["1"])
    with pytest.raises(ValueError, match="0 is normalised already"):
        spectral(net, ["0"])
