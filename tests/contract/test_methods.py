"""What every method promises to the engine: one table over all methods of all papers."""

import importlib
import math
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from stages.engine.chance import Chance
from stages.engine.loop import Run
from stages.engine.weights import load_weights, write_weights
from stages.engine.world import World, settle
from tests.contract.prepared import block_of, make_inputs
from tests.papers import mscond_made, onegan_made, projectedgan_made
from tests.papers.monce_blocks import drawn_pack, fresh_vgg, layers_of


@dataclass(frozen=True)
class Entry:
    """A method: where it lives, its layers at smoke size, its data, and the parameters whose first gradient is zero by
    design."""

    module: str
    layers: tuple[str, ...]
    still: tuple[str, ...] = ()
    data: str = "face"


def contrasfill(method: str, *variants: str) -> Entry:
    """`variants` are whole names of layers, such as contrasfill.variant.one_code; they stand before the profile's."""
    parts = ("common", method)
    layers = [f"contrasfill.{part}.base" for part in parts] + [f"contrasfill.{method}.data.face"]
    layers += [f"contrasfill.{variant}" for variant in variants]
    layers += [f"contrasfill.{part}.profile.smoke" for part in parts]
    return Entry(f"stages.papers.contrasfill.methods.{method}.method", tuple(layers))


def monce(method: str, data: str, run: str, *still: str) -> Entry:
    """One run of a method that translates."""
    return Entry(f"stages.papers.monce.methods.{method}.method", layers_of(method, data, run, "smoke"), still, data)


PAINTERS = {
    "contrasfill": contrasfill("contrasfill"),
    "contrasfill1": contrasfill("contrasfill", "contrasfill.variant.one_code"),
    "context_free": contrasfill("contrasfill", "contrasfill.variant.context_free"),
    "comodgan": contrasfill("comodgan"),
    "collagegan": contrasfill("collagegan"),
    "batfill": Entry(
        "stages.papers.contrasfill.methods.batfill.method",
        ("contrasfill.batfill.base", "contrasfill.batfill.data.face", "contrasfill.batfill.profile.smoke"),
    ),
}
TRANSLATORS = {
    "monce": monce("contrast", "horses", "monce"),
    "cycle": monce("cycle", "horses", "cycle"),
    "lsesim": monce("lsesim", "horses", "lsesim"),
    "learned": monce("lsesim", "horses", "learned"),
    "spade_monce": monce("spade", "rooms", "monce"),
    "spade_perceptual": monce("spade", "rooms", "perceptual"),
    "spade_people": monce("spade", "people", "weight"),
    # It translates a photo into its reconstruction.
    "onegan": Entry(onegan_made.MODULE, onegan_made.layers_of(), data="bird_boxes"),
}
# They make pictures of codes alone. Without noise its strengths stay at zero.
STRENGTHS = tuple(
    f"generator.{layer}.strength" for layer in ("first", *(f"{kind}.{n}" for kind in ("up", "same") for n in range(3)))
)
MAKERS = {
    run: Entry(mscond_made.MODULE, mscond_made.layers_of(run), STRENGTHS, "city_scenes")
    for run in ("s1_off", "s1_16_off", "s1_16_on")
} | {
    "projectedgan": Entry(projectedgan_made.MODULE, projectedgan_made.layers_of("smoke"), STRENGTHS, "city_scenes"),
}
METHODS = PAINTERS | TRANSLATORS | MAKERS
SEED = 3
WORLD = World.single()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, dict[str, Path]]:
    """What methods on a set are given, by the set's name."""
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("inputs")
    features = fresh_vgg(folder / "vgg")
    drawn = {data: {"data": drawn_pack(data, folder), "features": features} for data in ("horses", "rooms", "people")}
    projector = projectedgan_made.projector(folder / "projector")
    scenes = {"data": mscond_made.pack(folder / "city_scenes"), "projector": projector}
    boxes = onegan_made.inputs_of(folder / "boxes")
    return drawn | {"face": make_inputs(folder / "face"), "bird_boxes": boxes, "city_scenes": scenes}


class Training:
    """A method in training that notes its losses and gradients."""

    def __init__(self, entry: Entry, inputs: dict[str, dict[str, Path]], resume: Path) -> None:
        self.block, module = block_of(entry.module, *entry.layers), importlib.import_module(entry.module)
        self.method, self.source = module.for_training(self.block, inputs[entry.data], SEED, WORLD)
        self.run = Run(self.method, self.source, self.block, SEED, WORLD, resume)
        self.terms: list[dict[str, torch.Tensor]] = []
        self.gradients: dict[str, float] = {}
        self.learned: list[tuple[str, ...]] = []
        real = self.method.losses

        def losses(phase, *rest):
            self.terms.append(real(phase, *rest))
            self.learned.append(phase.learns)
            return self.terms[-1]

        self.method.losses = losses
        for optimiser in self.run.optimisers.values():
            optimiser.step = self.noting(optimiser.step)

    def noting(self, step):
        """Notes all gradients of all networks at the moment in which an optimiser moves."""

        def noted(number, moved):
            for net, module in {**self.method.nets, **self.method.frozen}.items():
                for name, parameter in module.named_parameters(prefix=net):
                    assert parameter.grad is None or net in self.learned[-1], f"{name} has a gradient it must not have"
                    if parameter.grad is not None:
                        size = parameter.grad.abs().max().item()
                        self.gradients[name] = max(size, self.gradients.get(name, 0.0))
            step(number, moved)

        return noted

    def steps(self, upto: int) -> "Training":
        while self.run.done < upto:
            self.run.step(self.source.batch(self.run.done))
        return self


@pytest.fixture(scope="module", params=sorted(METHODS))
def trained(request, inputs, tmp_path_factory) -> Training:
    """Each method after all of its smoke steps."""
    training = Training(METHODS[request.param], inputs, tmp_path_factory.mktemp("resume"))
    training.entry = METHODS[request.param]
    return training.steps(training.block.iterations)


def test_losses_are_named_finite_scalars(trained):
    assert trained.terms and all(trained.terms)
    for terms in trained.terms:
        assert all(isinstance(name, str) and term.dim() == 0 for name, term in terms.items())
        assert all(math.isfinite(term.item()) for term in terms.values())
        assert any("stat/" not in name for name in terms)


def test_every_learning_parameter_gets_a_gradient_in_some_phase(trained):
    names = {name for net, module in trained.method.nets.items() for name, _ in module.named_parameters(prefix=net)}
    without = {name for name in names if not trained.gradients.get(name, 0.0) > 0}
    assert without == set(trained.entry.still)
    assert all(math.isfinite(size) for size in trained.gradients.values())


def test_every_net_learns_in_some_phase_and_frozen_nets_in_none(trained):
    assert {net for learns in trained.learned for net in learns} == set(trained.method.nets)
    assert not set(trained.method.frozen) & set(trained.method.nets)
    moved = {net for descent in trained.method.descents.values() for net in descent.nets}
    assert moved == set(trained.method.nets) and set(trained.method.average) <= moved


def flat(content, path: str = "") -> dict[str, object]:
    """Leaves of nested dictionaries by path."""
    if not isinstance(content, dict):
        return {path: content}
    return {name: leaf for key, value in content.items() for name, leaf in flat(value, f"{path}/{key}").items()}


def assert_same_bits(one: dict, other: dict) -> None:
    one, other = flat(one), flat(other)
    assert list(one) == list(other)
    for name, leaf in one.items():
        same = torch.equal(leaf, other[name]) if isinstance(leaf, torch.Tensor) else leaf == other[name]
        assert same, f"{name} differs"


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_saved_state_comes_back_to_the_bit_and_goes_on_alike(name, inputs, tmp_path):
    first = Training(METHODS[name], inputs, tmp_path).steps(1)
    first.run.save()
    second = Training(METHODS[name], inputs, tmp_path)
    assert second.run.done == 1
    assert_same_bits(first.run.state(), second.run.state())
    for training in (first, second):
        training.steps(training.block.iterations)
    assert_same_bits(first.run.state(), second.run.state())


@pytest.fixture(scope="module")
def sampler(trained, tmp_path_factory):
    """The method as the sample verb has it: without frozen nets and data, with the weights that training wrote."""
    folder = tmp_path_factory.mktemp("model")
    write_weights({**trained.method.nets, **trained.run.averages.copies}, trained.method.memory, folder)
    method = importlib.import_module(trained.entry.module).for_sampling(trained.block, WORLD)
    load_weights(method, folder)
    for net in method.nets.values():
        net.eval()
    return method, trained.source.batch(0)


def test_produce_in_a_batch_equals_one_by_one(sampler):
    method, batch = sampler
    rows = len(next(iter(batch.values())))
    whole = method.produce(batch, Chance(SEED, 0, WORLD))["image"]
    for row in range(rows):
        own = {name: value[row : row + 1] for name, value in batch.items()}
        alone = method.produce(own, Chance(SEED, 0, World(row, rows, WORLD.device)))["image"]
        torch.testing.assert_close(alone[0], whole[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("trained", sorted(TRANSLATORS), indirect=True)
def test_produce_translates_without_a_draw(sampler):
    method, batch = sampler
    one, other = (method.produce(batch, Chance(SEED, step, WORLD))["image"] for step in (0, 1))
    assert torch.equal(one, other) and torch.isfinite(one).all() and one.abs().max() <= 1
    seen = batch["source"] if "source" in batch else batch["image"]
    assert one.shape == seen.shape and not torch.equal(one, seen)


@pytest.mark.parametrize("trained", sorted(PAINTERS), indirect=True)
def test_produce_keeps_everything_outside_the_hole_and_paints_inside(sampler):
    method, batch = sampler
    made = method.produce(batch, Chance(SEED, 0, WORLD))["image"]
    outside, inside = (batch["mask"] == value for value in (0, 1))
    assert made.shape == batch["image"].shape and torch.isfinite(made).all()
    assert torch.equal(made[outside.expand_as(made)], batch["image"][outside.expand_as(made)])
    assert not torch.equal(made[inside.expand_as(made)], batch["image"][inside.expand_as(made)])


@pytest.mark.parametrize("trained", sorted(PAINTERS | MAKERS), indirect=True)
def test_produce_draws_another_sample_from_another_chance(sampler):
    method, batch = sampler
    one, other = (method.produce(batch, Chance(SEED, step, WORLD))["image"] for step in (0, 1))
    assert not torch.equal(one, other)
    again = method.produce(batch, Chance(SEED, 0, WORLD))["image"]
    assert torch.equal(one, again)
