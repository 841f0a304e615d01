"""InsGen: its updates, and its training as a whole: stops change no byte, processes agree, all that learns moves."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from benchmarks.trainings import Training
from stages.engine.launch import launch
from stages.engine.loop import Run
from stages.engine.world import World, settle
from stages.papers.mscond.methods.insgen import method as insgen
from stages.train import work
from tests.papers.checks_mscond_insgen import CHECKS
from tests.papers.insgen_made import MODULE, made_block, pack
from tests.papers.mscond_loaded import as_it_is
from tests.papers.stopped import train_through

WORLD = World.single()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    return {"data": pack(tmp_path_factory.mktemp("pack") / "city_scenes")}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_update(check):
    check(as_it_is())


def trained(inputs: dict[str, Path], out: Path, stops_after: int = -1, **changes: Any) -> dict[str, bytes]:
    """The files of a whole training, through a stop behind a step where asked."""
    block = made_block(**changes)
    train_through(lambda: insgen.for_training(block, inputs, 0, WORLD), block, out, stops_after)
    return {name: (out / name).read_bytes() for name in ("weights.safetensors", "curve.csv")}


def test_a_training_that_was_stopped_ends_with_the_same_bytes(inputs, tmp_path):
    whole = trained(inputs, tmp_path / "whole")
    for stop in (1, 4):
        assert trained(inputs, tmp_path / str(stop), stops_after=stop) == whole
    weights = load_file(tmp_path / "whole/weights.safetensors")
    assert weights["memory.ada/strength"] >= 0 and weights["memory.queue/real"].shape == (6, 3)
    lines = (tmp_path / "whole/curve.csv").read_text().splitlines()
    names = {line.split(",")[2] for line in lines[1:]}
    assert {"G/adversarial", "G/contrast", "G/path", "D/adversarial", "D/contrast_real", "D/contrast_fake", "D/r1",
            "D/stat/strength"} <= names  # fmt: skip


def test_every_parameter_and_every_memory_moves(inputs, tmp_path):
    block = made_block()
    method, source = insgen.for_training(block, inputs, 0, WORLD)
    before = {name: value.detach().clone() for name, value in named(method).items()}
    run = Run(method, source, block, 0, WORLD, tmp_path)
    for step in range(5):
        run.step(source.batch(step))
    still = {name for name, value in named(method).items() if torch.equal(value, before[name])}
    assert still <= {"ada/strength", "ada/signs"}


def named(method) -> dict[str, torch.Tensor]:
    parameters = {f"{net}.{name}": p for net, module in method.nets.items() for name, p in module.named_parameters()}
    return parameters | method.memory


def test_two_processes_train_as_one(inputs, tmp_path):
    """At a rate at which nothing moves much: sums differ in their last bits, and Adam makes steps of any difference."""
    changes: dict[str, Any] = {"learning_rate": 1e-8, "iterations": 5, "ada_speed_images": 20}
    trained(inputs, tmp_path / "one", **changes)
    (tmp_path / "two/resume").mkdir(parents=True)
    arguments = (MODULE, made_block(**changes), inputs, 0, tmp_path / "two", tmp_path / "two/resume")
    launch(work, 2, 0, arguments, lambda: False, lambda *facts: None)
    one, two = (load_file(tmp_path / name / "weights.safetensors") for name in ("one", "two"))
    assert set(one) == set(two) and one["memory.ada/strength"] == two["memory.ada/strength"]
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-5, atol=1e-5)
    assert float(one["memory.ada/signs"][1]) == 4


@pytest.mark.parametrize(
    "changes", [{"noise": "none"}, {"precision": "bf16"}, {"channels_last": True}, {"queue": 2}], ids=str
)
def test_readings_train(changes, inputs, tmp_path):
    block = made_block(**changes)
    method, source = insgen.for_training(block, inputs, 0, WORLD)
    run = Run(method, source, block, 0, WORLD, tmp_path)
    run.step(source.batch(0))
    assert run.done == 1


LAYERS = [("lite", "city_scenes"), ("demo", "kitchen"), ("smoke", "livingroom")]
LAYERS += [("paper", name) for name in ("city_scenes", "livingroom", "kitchen")]


@pytest.mark.parametrize(("profile", "data"), LAYERS)
def test_layers_make_the_block_in_every_profile(profile, data):
    groups = ("common", "pair", "insgen")
    block = Training("", MODULE, groups, data, last=(f"runs.{profile}.{data}.insgen",)).block(profile)
    photos = {"city_scenes": 24998, "livingroom": 1315802, "kitchen": 2212277}[data]
    assert block.queue == round(photos / 20) if profile == "paper" else 8 * block.batch
    assert (block.perturbation, block.weight_contrast, block.weight_contrast_generator) == (0.15, 1.0, 0.1)
    assert (block.ada_target, block.ada_every, block.ada_shift) == (0.6, 4, 0.125)


def test_samples_come_from_the_generator_alone():
    method = insgen.for_sampling(made_block(), WORLD)
    made = method.produce({"image": torch.zeros(3, 3, 16, 16)}, insgen.Chance(0, "sample", WORLD))["image"]
    assert made.shape == (3, 3, 16, 16) and made.abs().max() <= 1
