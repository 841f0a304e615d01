"""ContrasFill, CoModGAN and CollageGAN as methods: terms, gradients, schedules, sampling (I8, I11 to I15, I28)."""

import math

import numpy as np
import pytest
import torch

from stages.engine.average import keep_share
from stages.engine.descent import Optimiser
from stages.engine.rowchance import RowChance
from stages.engine.world import World
from stages.papers.contrasfill.methods.contrasfill.method import cells_of, weight_at
from stages.papers.contrasfill.methods.contrasfill.nets import UnknownEncoder
from tests.papers.contrasfill_toys import (
    GROUPS,
    METHODS,
    ToyEncoder,
    batch_of,
    block,
    chance,
    make,
    module,
    running,
    stir,
)

COMBINATIONS = [(method, profile) for method in METHODS for profile in ("smoke", "demo", "lite", "paper")]


@pytest.mark.parametrize(("method", "profile"), COMBINATIONS)
def test_every_layer_of_params_makes_a_valid_block(method, profile):
    for data in ("face", "bird", "car"):
        for variant in GROUPS[method]["variant"]:
            made = block(method, profile, data, variant)
            if method == "contrasfill":
                assert len(cells_of(made, chance(), "cells")) == made.batch


def test_paper_profile_has_the_printed_numbers():
    made = block("contrasfill", "paper")
    assert (made.iterations, made.learning_rate, made.batch) == (200_000, 0.002, 16)
    assert (made.size_px, made.codes_per_space) == (256, 8)
    assert (made.lambda_known, made.lambda_unknown) == ((1.0, 0.1), (0.1, 0.01))
    assert block("contrasfill", "paper", "bird").lambda_unknown == (0.1, 0.01)
    assert block("contrasfill", "paper", "car").lambda_unknown == (5.0, 0.5)


def test_weights_of_the_losses_drop_after_half_of_the_iterations():
    face, car = block("contrasfill", "paper"), block("contrasfill", "paper", "car")
    early, late = (1, 0.1, 5), (0.1, 0.01, 0.5)
    for step, (known, unknown, on_car) in ((0, early), (99_999, early), (100_000, late), (199_999, late)):
        assert weight_at(face.lambda_known, step, face.iterations) == known
        assert weight_at(face.lambda_unknown, step, face.iterations) == unknown
        assert weight_at(car.lambda_unknown, step, car.iterations) == on_car


def test_optimisers_and_average_have_the_numbers_of_the_spec():
    made = make("contrasfill", block("contrasfill"))
    slow = Optimiser(made.descents["D"], made.nets)
    assert slow.rate == pytest.approx(0.00188235, abs=1e-8)
    assert slow.betas == (0, pytest.approx(0.990585, abs=1e-6)) and slow.descent.eps == 1e-8
    plain = Optimiser(made.descents["G"], made.nets)
    assert plain.rate == 0.002 and plain.betas == (0.0, 0.99)
    comod = make("comodgan", block("comodgan"))
    lazy = Optimiser(comod.descents["G"], comod.nets)
    assert lazy.rate == pytest.approx(0.0016) and lazy.betas[1] == pytest.approx(0.991992, abs=1e-6)
    assert keep_share(16, 0, 10_000, 0.0) == pytest.approx(0.99889158, abs=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_terms_are_finite_and_each_parameter_learns_in_one_phase(method):
    made = make(method, block(method))
    for net in made.nets.values():
        stir(net)
    reached = {}
    for phase in made.phases(0):
        for name, net in made.nets.items():
            net.requires_grad_(name in phase.learns).zero_grad()
        terms = made.losses(phase, batch_of(4), {}, chance(), 0)
        assert all(term.dim() == 0 and torch.isfinite(term) for term in terms.values())
        sum(term for name, term in terms.items() if "stat/" not in name).backward()
        for net, module_ in made.nets.items():
            for name, parameter in module_.named_parameters():
                if parameter.grad is not None:
                    assert net in phase.learns
                    reached.setdefault(f"{net}.{name}", phase.name)
    expected = {f"{net}.{name}" for net, module_ in made.nets.items() for name, _ in module_.named_parameters()}
    assert set(reached) == expected


def test_penalty_is_in_every_sixteenth_step():
    made = make("collagegan", block("collagegan"))
    phase = made.phases(0)[0]
    found = [("D/r1" in made.losses(phase, batch_of(4), {}, chance(step), step)) for step in range(18)]
    assert [step for step, there in enumerate(found) if there] == [0, 16]


def test_first_terms_are_those_of_an_undecided_discriminator():
    made = make("contrasfill", block("contrasfill", iterations=100))
    with torch.no_grad():
        for parameter in made.nets["discriminator"].logit.parameters():
            parameter.zero_()
    d, g = made.phases(0)
    on_both = made.losses(d, batch_of(4), {}, chance(), 1)["D/adversarial"]
    assert on_both.item() == pytest.approx(2 * math.log(2), abs=1e-6)
    terms = made.losses(g, batch_of(4), {}, chance(), 1)
    assert terms["G/adversarial"].item() == pytest.approx(math.log(2), abs=1e-6)
    assert terms["G/known"].item() == pytest.approx(terms["G/stat/known_loss"].item())
    assert terms["G/unknown"].item() == pytest.approx(0.1 * terms["G/stat/unknown_loss"].item(), rel=1e-5)
    assert {f"G/stat/{s}_{n}" for s in ("known", "unknown") for n in ("positive", "negative", "hard")} <= set(terms)


def test_known_encoder_stays_as_it_was_and_passes_gradients_to_the_image(tmp_path):
    run = running("contrasfill", block("contrasfill"), tmp_path)
    encoder = run.method.frozen["known"]
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    for step in range(2):
        run.step(batch_of(4, seed=step))
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    assert not any(parameter.requires_grad for parameter in encoder.parameters())
    images, mask = batch_of(2)["image"].requires_grad_(), batch_of(2)["mask"]
    made = make("contrasfill", block("contrasfill"))
    both = made.features("known", images, mask)
    both.sum().backward()
    assert images.grad.abs().sum() > 0
    assert torch.allclose(both[1:], made.features("known", images[1:], mask[1:]), atol=1e-6)


def test_unknown_encoder_learns_from_the_unknown_loss_alone():
    made = make("contrasfill", block("contrasfill"))
    terms = made.losses(made.phases(0)[1], batch_of(4), {}, chance(), 0)
    parameters = [parameter for parameter in made.nets["unknown"].parameters() if parameter.requires_grad]
    others = terms["G/adversarial"] + terms["G/known"]
    assert all(g is None for g in torch.autograd.grad(others, parameters, retain_graph=True, allow_unused=True))
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(terms["G/unknown"], parameters))


def test_unknown_encoder_may_see_the_hole_alone():
    data = batch_of(2)
    mask, inside = data["mask"], data["mask"] > 0.5
    other = torch.where(inside, data["image"], batch_of(2, seed=9)["image"])
    for view, blind in (("hole", True), ("image", False)):
        made = make("contrasfill", block("contrasfill", unknown_view=view))
        first, second = (made.features("unknown", images, mask) for images in (data["image"], other))
        assert torch.equal(first, second) == blind, view
        first, second = (made.features("known", images, mask) for images in (data["image"], other))
        assert not torch.allclose(first, second), "E_k sees the whole image"
        seen = data["image"].clone().requires_grad_()
        made.features("unknown", seen, mask).sum().backward()
        assert seen.grad[inside.expand_as(seen)].abs().sum() > 0


def test_phases_draw_fresh_codes_and_processes_share_them():
    made = make("contrasfill", block("contrasfill"))
    cells = cells_of(made.block, chance(), "cells")
    d, g = (made.coded(cells, name, torch.device("cpu"), chance()) for name in ("D", "G"))
    assert not torch.allclose(d[0], g[0])
    assert torch.equal(g[0][0], g[0][1]) and torch.equal(g[1][1], g[1][2])  # cells (0,0) (0,1) (1,1) (1,0)
    assert not torch.allclose(g[0][0], g[0][2]) and not torch.allclose(g[1][0], g[1][1])


def test_batch_that_does_not_fit_the_codes_is_refused():
    made = make("contrasfill", block("contrasfill", codes_per_space=4))
    with pytest.raises(ValueError, match="8 code combinations need a global batch of 8, came 4"):
        made.losses(made.phases(0)[1], batch_of(4), {}, chance(), 0)


def test_one_code_needs_no_known_encoder():
    made = make("contrasfill", block("contrasfill", variant="one_code"), frozen={})
    assert len(made.nets["generator"].mapping) == 1
    terms = made.losses(made.phases(0)[1], batch_of(4), {}, chance(), 0)
    assert {"G/adversarial", "G/unknown", "G/stat/unknown_positive"} <= set(terms)
    assert "G/known" not in terms and "G/stat/unknown_hard" not in terms


def test_a_space_of_weight_zero_is_left_out():
    made = make("contrasfill", block("contrasfill", variant="no_unknown"))
    assert set(made.nets) == {"generator", "discriminator"} and made.average == ("generator",)
    assert "G/unknown" not in made.losses(made.phases(0)[1], batch_of(4), {}, chance(), 0)
    assert "G/known" not in make("contrasfill", block("contrasfill", variant="no_known"), frozen={}).losses(
        made.phases(0)[1], batch_of(4), {}, chance(), 0
    )


def test_frozen_unknown_encoder_takes_the_place_of_the_joint_one():
    frozen = {"known": ToyEncoder(), "unknown": ToyEncoder()}
    made = make("contrasfill", block("contrasfill", variant="frozen_unknown"), frozen=frozen)
    assert "unknown" not in made.nets
    assert "G/unknown" in made.losses(made.phases(0)[1], batch_of(4), {}, chance(), 0)
    assert isinstance(make("contrasfill", block("contrasfill")).nets["unknown"], UnknownEncoder)


def test_context_free_variant_never_looks_at_the_image_nor_lets_the_discriminator():
    made = make("contrasfill", block("contrasfill", variant="context_free"))
    stir(made.nets["generator"])
    data, other = batch_of(4), batch_of(4, seed=9)
    other["mask"] = data["mask"]
    first, second = (made.produce(batch, chance()) for batch in (data, other))
    assert torch.equal(first["colours"], second["colours"])
    assert torch.equal(made.judged(data["image"], data["mask"]), data["image"] * data["mask"])
    full = make("contrasfill", block("contrasfill"))
    stir(full.nets["generator"])
    assert not torch.allclose(full.produce(data, chance())["colours"], full.produce(other, chance())["colours"])


@pytest.mark.parametrize("method", METHODS)
def test_samples_keep_the_known_pixels_and_return_the_input_without_a_hole(method):
    made, data = make(method, block(method)), batch_of(3)
    stir(made.nets["generator"])
    found = made.produce(data, chance())["image"]
    outside = (data["mask"] == 0).expand_as(found)
    assert torch.equal(found[outside], data["image"][outside])
    assert not torch.allclose(found, data["image"])
    changed = {**data, "image": data["image"] * (1 - data["mask"])}
    assert torch.equal(made.produce(changed, chance())["image"], found)
    nothing = {**data, "mask": torch.zeros_like(data["mask"])}
    assert torch.equal(made.produce(nothing, chance())["image"], data["image"])


@pytest.mark.parametrize("method", METHODS)
def test_samples_one_by_one_equal_those_of_a_batch(method):
    made, data = make(method, block(method)), batch_of(3)
    stir(made.nets["generator"])
    whole = made.produce(data, RowChance(1, ["a", "b", "c"]))["image"]
    for row, name in enumerate("abc"):
        one = made.produce({key: value[row : row + 1] for key, value in data.items()}, RowChance(1, [name]))["image"]
        assert torch.allclose(one, whole[row : row + 1], atol=1e-5)
    assert not torch.allclose(whole, made.produce(data, RowChance(1, ["d", "e", "f"]))["image"], atol=1e-4)


def test_given_codes_replace_drawn_ones():
    made, data = make("contrasfill", block("contrasfill")), batch_of(2)
    stir(made.nets["generator"])
    codes = {"code_known": torch.randn(2, 32), "code_unknown": torch.randn(2, 32)}
    first, second = (made.produce({**data, **codes}, chance(step))["image"] for step in (1, 2))
    assert torch.equal(first, second)
    codes["code_known"] = torch.randn(2, 32)
    assert not torch.allclose(first, made.produce({**data, **codes}, chance(1))["image"])


def test_comodgan_drops_out_in_sampling_too():
    made, data = make("comodgan", block("comodgan")), batch_of(2)
    factors = made.kept("dropout", data["image"], chance())
    assert set(factors.unique().tolist()) == {0.0, 2.0} and 0.2 < (factors == 0).float().mean() < 0.8
    stir(made.nets["generator"])

    class SameCode(type(chance())):
        def normal(self, name, rows, *shape):
            return torch.ones(rows, *shape)

    first, second = (made.produce(data, SameCode(step, 0, World.single()))["image"] for step in (0, 1))
    assert not torch.allclose(first, second)
    still = make("comodgan", block("comodgan", dropout=0.0))
    assert torch.equal(*(still.produce(data, SameCode(step, 0, World.single()))["image"] for step in (0, 1)))


def test_style_mixing_uses_the_second_code_from_the_cut_on():
    made, data = make("comodgan", block("comodgan")), batch_of(2)
    net = stir(made.nets["generator"])
    first, second = (net.mapping(torch.randn(2, 32)) for _ in range(2))
    keep = torch.ones(2, net.width)

    def out(mapped, mixed=None, cut=0):
        return net(data["image"], data["mask"], mapped, keep, None, mixed, cut)

    assert torch.equal(out(first, second, net.styles), out(first))
    assert torch.equal(out(first, second, 0), out(second))
    for unmixed in (first, second):
        assert not torch.allclose(out(first, second, 3), out(unmixed))


@pytest.mark.parametrize("method", METHODS)
def test_truncation_pulls_every_code_to_the_mean(method):
    made, data = make(method, block(method, truncation=0.0)), batch_of(2)
    stir(made.nets["generator"])
    if method == "comodgan":
        made.kept = lambda name, image, chance: torch.ones(len(image), made.nets["generator"].width)
    assert torch.equal(*(made.produce(data, chance(step))["image"] for step in (0, 1)))


@pytest.mark.parametrize("method", METHODS)
def test_mean_of_mapped_codes_moves_in_the_generator_phase_only(method):
    made = make(method, block(method))
    d, g = made.phases(0)
    made.losses(d, batch_of(4), {}, chance(), 0)
    assert not made.memory["latent_average"].any()
    made.losses(g, batch_of(4), {}, chance(), 0)
    assert made.memory["latent_average"].any() and not made.memory["latent_average"].requires_grad


@pytest.mark.parametrize("method", METHODS)
def test_noise_is_fixed_in_sampling_and_drawn_in_training(method):
    drawn, fixed = make(method, block(method, noise_evaluation="random")), make(method, block(method))
    data = batch_of(2)

    class Codes(type(chance())):
        def normal(self, name, rows, *shape):
            return super().normal(name, rows, *shape) if "noise" in name else torch.ones(rows, *shape)

        def uniform(self, name, rows, *shape):
            return torch.ones(rows, *shape)

    for made, same in ((drawn, False), (fixed, True)):
        stir(made.nets["generator"])
        first, second = (made.produce(data, Codes(0, step, World.single()))["image"] for step in (0, 1))
        assert torch.equal(first, second) is same


@pytest.mark.parametrize("method", METHODS)
def test_noise_strengths_learn_only_where_there_is_noise(method):
    for noise, learns in (("random", True), ("none", False)):
        generator = make(method, block(method, noise=noise)).nets["generator"]
        strengths = [p for name, p in generator.named_parameters() if name.endswith("strength")]
        assert strengths and {p.requires_grad for p in strengths} == {learns}


@pytest.mark.parametrize("method", METHODS)
def test_style_spread_scales_what_a_code_does_at_the_start(method):
    whole, tenth = (make(method, block(method, style_spread=spread)).nets["generator"] for spread in (1.0, 0.1))
    for affine, small in zip(whole.bank.affine, tenth.bank.affine, strict=True):
        assert torch.allclose(affine.weight * 0.1, small.weight) and torch.equal(affine.bias, small.bias)


@pytest.mark.parametrize("method", METHODS)
def test_kernel_mean_takes_that_share_of_the_mean_from_every_kernel_and_nothing_else(method):
    whole, fifth = (make(method, block(method, kernel_mean=kept)).nets for kept in (1.0, 0.2))
    for name, net in whole.items():
        other = dict(fifth[name].named_parameters())
        for key, start in net.named_parameters():
            if start.dim() == 4 and start.shape[-1] == 3:
                mean, kept = start.mean((2, 3)), other[key].mean((2, 3))
                assert mean.abs().max() > 0.1 and torch.allclose(kept, 0.2 * mean, atol=1e-6), (name, key)
                assert torch.allclose(other[key] - kept[..., None, None], start - mean[..., None, None], atol=1e-6)
            else:
                assert torch.equal(other[key], start), (name, key)


@pytest.mark.parametrize("method", METHODS)
def test_box_holes_are_filled_to_their_edges(method):
    made, data = make(method, block(method, hole="box")), batch_of(2)
    data["mask"][:, :, 9, 20] = 0
    found = made.produce(data, chance())
    assert found["mask"].sum() > data["mask"].sum()


def test_names_of_unused_numbers_are_refused():
    with pytest.raises(ValueError, match="temperature"):
        block("comodgan", temperature=0.1)
    with pytest.raises(ValueError, match="subsample"):
        block("contrasfill", subsample="star")


def test_random_subsample_changes_with_the_step_and_keeps_the_sets_valid():
    made = block("contrasfill", "demo", variant="random")
    first, second = (cells_of(made, chance(step), "G/cells") for step in (0, 1))
    assert first != second and len(first) == 16
    assert first == cells_of(made, chance(0), "G/cells")


def test_smoke_run_writes_equal_weights_twice(tmp_path):
    weights = []
    for name in ("a", "b"):
        run = running("contrasfill", block("contrasfill"), tmp_path / name)
        for step in range(2):
            run.step(batch_of(4, seed=step))
        weights.append({k: v.clone() for k, v in run.method.nets["generator"].state_dict().items()})
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    assert np.isfinite(sum(value.abs().sum().item() for value in weights[0].values()))
    assert module("contrasfill").for_sampling(block("contrasfill"), World.single()).frozen == {}
