"""ProjectedGAN in training: what is judged and moved, its own rates, stops, processes, and what a sampler gets."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch.nn import functional as F

from stages.data.prepared.packed import Index, Row, write_packed
from stages.engine.chance import Chance
from stages.engine.launch import launch
from stages.engine.loop import Run, train
from stages.engine.session import Session
from stages.engine.state import Interrupted
from stages.engine.weights import load_weights
from stages.engine.world import World, settle
from stages.papers.mscond.methods.projectedgan import method as module
from stages.papers.mscond.methods.projectedgan.block import Block
from stages.papers.mscond.methods.projectedgan.diffaug import DRAWS, augment
from stages.runner.layers import merge, validate
from stages.runner.params import load as load_params
from stages.train import work
from tests.house.resolved import PROFILES, ROOT
from tests.papers.projectedgan_made import MODULE, layers_of, projector

PARAMS = load_params(ROOT)
WORLD = World.single()
BLOCK = {
    "profile": "smoke", "enabled": True, "size_px": 16, "channel_base": 128, "channel_limit": 8, "latent": 4,
    "style": 6, "mapping_layers": 2, "mapping_rate": 0.01, "noise": "random", "batch": 4, "flip": False,
    "learning_rate": 0.002, "betas": [0.0, 0.99], "epsilon": 1e-8, "style_mixing": 0.0, "latent_average_keep": 0.995,
    "iterations": 3, "ema_half_life_images": 20.0, "ema_ramp": 0.05, "precision": "fp32", "channels_last": False,
    "compile": "none",
    "tick_every": 1, "keep_every": 1, "projection_width": 2, "judge_lazy_every": 16, "augment_brightness": 0.5,
    "augment_saturation": 1.0, "augment_contrast": 0.5, "augment_translation": 0.125, "augment_cutout": 0.2,
}  # fmt: skip


def block_of(**changes) -> Block:
    return Block.model_validate(BLOCK | changes, strict=False)


def pack(folder: Path, side: int = 16) -> Path:
    """Twelve pictures to train on and two that are held out."""
    folder.mkdir(parents=True)
    draw = np.random.default_rng(0)
    keys = [f"{number:02d}" for number in range(14)]

    def rows():
        for key in keys:
            image = draw.integers(0, 256, (side, side, 3)).astype(np.uint8)
            yield Row(key, image, None, "made", hashlib.sha256(image.tobytes()).hexdigest())

    splits = ["train"] * 12 + ["held_out"] * 2
    write_packed(folder, "scenes", side, False, rows(), lambda _: Index(splits, (), {}, {}))
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("inputs")
    return {"data": pack(folder / "data"), "projector": projector(folder / "projector")}


@pytest.mark.parametrize("profile", PROFILES)
def test_layers_make_the_block_in_every_profile(profile):
    """Without style mixing, as its code has it; of the paper's scale the code's own numbers, 25 million pictures."""
    block = validate(Block, merge(PARAMS, layers_of(profile)), layers_of(profile))
    assert block.enabled and block.style_mixing == 0
    if profile == "paper":
        assert (block.latent, block.style, block.mapping_layers, block.batch) == (64, 128, 2, 64)
        assert block.iterations * block.batch == 25_000_000
        assert (block.ema_half_life_images, block.ema_ramp) == (64 * 10_000 / 32, 0.05)
        assert (block.learning_rate, block.betas, block.judge_lazy_every) == (0.002, (0.0, 0.99), 16)


def made(inputs, **changes):
    return module.for_training(block_of(**changes), inputs, 0, WORLD)


def test_losses_are_hinges_over_the_logits_of_augmented_pictures(inputs):
    """Worked out from the method's own networks, without its code."""
    method, source = made(inputs)
    Run(method, source, method.block, 0, WORLD, inputs["data"].parent / "unused")
    real, chance = source.batch(0)["image"], Chance(0, 0, WORLD)
    logits = {}

    def judged(images, name):
        changed = augment(images, chance.uniform(name, 4, DRAWS), method.block)
        maps = method.frozen["features"].net.feature_maps(F.interpolate(changed, 32, mode="bilinear"))
        mixed = method.frozen["mixing"](maps)
        return torch.cat([judge(x).flatten(1) for judge, x in zip(discriminator.judges, mixed, strict=True)], 1)

    for phase in method.phases(0):
        state = {name: value.clone() for name, value in method.nets["discriminator"].state_dict().items()}
        with torch.no_grad():
            found = method.losses(phase, {"image": real}, {}, chance, 0)
            discriminator = method.nets["discriminator"]
            discriminator.load_state_dict(state)
            generator = method.nets["generator"]
            mapped = generator.mapping(chance.normal(f"{phase.name}/code", 4, 4))
            noise = chance.normal(f"{phase.name}/noise", 4, generator.noise.size)
            fake = generator(generator.spread(mapped), noise)
            on_fake = judged(fake, f"{phase.name}/augment_fake")
            on_real = judged(real, f"{phase.name}/augment_real")
        logits[phase.name] = on_fake
        assert on_fake.shape == (4, 100)
        if phase.name == "Gmain":
            expected = -on_fake.mean()
        else:
            expected = (1 - on_real).clamp(min=0).mean() + (1 + on_fake).clamp(min=0).mean()
            assert float(found["Dmain/stat/real"]) == pytest.approx(float(on_real.mean()), abs=1e-6)
        assert float(found[f"{phase.name}/adversarial"]) == pytest.approx(float(expected), abs=1e-6)
    assert not torch.equal(logits["Gmain"], logits["Dmain"])


def test_each_update_moves_its_own_network_and_nothing_frozen(inputs, tmp_path):
    method, source = made(inputs)
    run = Run(method, source, method.block, 0, WORLD, tmp_path)
    every = {**method.nets, **method.frozen}
    before = {net: {name: value.clone() for name, value in every[net].state_dict().items()} for net in every}
    seen = {}
    for name, optimiser in run.optimisers.items():

        def step(number, moved, name=name, move=optimiser.step):
            seen[name] = {net: [p.grad is not None for p in every[net].parameters()] for net in every}
            move(number, moved)

        optimiser.step = step
    run.step(source.batch(0))
    assert list(seen) == ["G", "D"]
    for name, net in (("G", "generator"), ("D", "discriminator")):
        assert all(seen[name][net]) and not any(any(held) for other, held in seen[name].items() if other != net)
    after = {net: every[net].state_dict() for net in every}
    for net in ("features", "mixing"):
        assert all(torch.equal(value, after[net][name]) for name, value in before[net].items())
        assert not every[net].training
    for net in ("generator", "discriminator"):
        for name, parameter in every[net].named_parameters():
            assert not torch.equal(before[net][name], parameter), name


def test_rates_are_the_code_s_with_the_correction_for_a_penalty_that_is_not_there(inputs, tmp_path):
    method, source = made(inputs)
    run = Run(method, source, method.block, 0, WORLD, tmp_path)
    judge, maker = run.optimisers["D"], run.optimisers["G"]
    assert (maker.rate, maker.betas) == (0.002, (0.0, 0.99))
    assert judge.rate == pytest.approx(0.00188235, abs=1e-8)
    assert judge.betas == pytest.approx((0.0, 0.9905855), abs=1e-7)


def trained(inputs, out: Path, stops_after: int = -1, **changes) -> dict[str, bytes]:
    """The files of a whole training, through a stop behind a step where asked."""
    (out / "resume").mkdir(parents=True)
    for stop in ([stops_after] if stops_after >= 0 else []) + [-1]:
        seen = []

        def stopping(seen=seen, stop=stop):
            seen.append(None)
            return len(seen) - 1 == stop

        method, source = made(inputs, **changes)
        session = Session(WORLD, out, out / "resume", stopping, lambda *words: None)
        if stop >= 0:
            with pytest.raises(Interrupted):
                train(method, source, method.block, 0, session)
        else:
            train(method, source, method.block, 0, session)
    return {name: (out / name).read_bytes() for name in ("weights.safetensors", "curve.csv")}


def test_a_training_that_was_stopped_ends_with_the_same_bytes(inputs, tmp_path):
    assert trained(inputs, tmp_path / "whole") == trained(inputs, tmp_path / "parts", stops_after=1)


def test_two_processes_train_as_one(inputs, tmp_path):
    """At a rate at which nothing moves much: sums differ in their last bits, and Adam makes steps of any difference."""
    changes = {"learning_rate": 1e-8, "latent_average_keep": 0.5}
    whole = load(trained(inputs, tmp_path / "one", **changes)["weights.safetensors"])
    (tmp_path / "two/resume").mkdir(parents=True)
    arguments = (MODULE, block_of(**changes), inputs, 0, tmp_path / "two", tmp_path / "two/resume")
    launch(work, 2, 0, arguments, lambda: False, lambda *facts: None)
    halves = load((tmp_path / "two/weights.safetensors").read_bytes())
    assert set(whole) == set(halves)
    for name, value in whole.items():
        torch.testing.assert_close(halves[name], value, rtol=1e-5, atol=1e-5, msg=name)


def test_the_mixing_comes_from_the_seed_alone_and_is_not_saved(inputs, tmp_path):
    one, same = (made(inputs)[0].frozen["mixing"].state_dict() for _ in range(2))
    other = module.for_training(block_of(), inputs, 1, WORLD)[0].frozen["mixing"].state_dict()
    assert all(torch.equal(value, same[name]) for name, value in one.items())
    assert not any(torch.equal(value, other[name]) for name, value in one.items())
    names = set(load(trained(inputs, tmp_path, iterations=1)["weights.safetensors"]))
    assert {name.split(".")[0] for name in names} == {"generator", "discriminator", "memory"}
    assert {name for name in names if name.startswith("memory")} == {"memory.latent_average"}


def test_a_sampler_has_the_generator_alone_and_makes_pictures(inputs, tmp_path):
    trained(inputs, tmp_path)
    method = module.for_sampling(block_of(), WORLD)
    assert set(method.nets) == {"generator"} and not method.frozen
    load_weights(method, tmp_path)
    like = {"image": torch.zeros(3, 3, 16, 16)}
    one, again = (method.produce(like, Chance(0, step, WORLD))["image"] for step in (0, 0))
    other = method.produce(like, Chance(0, 1, WORLD))["image"]
    assert one.shape == (3, 3, 16, 16) and torch.equal(one, again) and not torch.equal(one, other)


def test_draws_of_a_process_are_its_rows_of_the_whole(inputs):
    """What two processes judge is what one judges, row by row."""
    method, _ = made(inputs)
    images = torch.rand(4, 3, 16, 16) * 2 - 1
    whole = augment(images, Chance(0, 0, WORLD).uniform("a", 4, DRAWS), method.block)
    for rank in range(2):
        own = Chance(0, 0, World(rank, 2, WORLD.device)).uniform("a", 2, DRAWS)
        assert torch.equal(augment(images[rank::2], own, method.block), whole[rank::2])


def test_a_projector_whose_maps_do_not_halve_and_other_photos_are_refused(inputs, tmp_path):
    vgg = projector(tmp_path / "vgg", "vgg_small")
    with pytest.raises(ValueError, match="four maps"):
        module.for_training(block_of(), inputs | {"projector": vgg}, 0, WORLD)
    odd = projector(tmp_path / "odd", view=20)
    with pytest.raises(ValueError, match="each half as wide"):
        module.for_training(block_of(), inputs | {"projector": odd}, 0, WORLD)
    with pytest.raises(ValueError, match="size_px"):
        module.for_training(block_of(), inputs | {"data": pack(tmp_path / "large", 32)}, 0, WORLD)
