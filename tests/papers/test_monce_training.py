"""MoNCE's trainings as wholes: a stop changes no byte, nothing that judges is read, and no two are alike."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from stages.engine.launch import launch
from stages.engine.loop import train
from stages.engine.session import Session
from stages.engine.state import Interrupted
from stages.engine.weights import load_weights
from stages.engine.world import World, settle
from stages.runner import layers, params
from stages.train import work
from tests.conftest import ROOT
from tests.house.resolved import PROFILES, stages_here, stages_in
from tests.papers.monce_blocks import drawn_pack, fresh_vgg, monce_block

WORLD = World.single()
RUNS = {
    "monce": ("contrast", "horses", "monce"), "cycle": ("cycle", "horses", "cycle"),
    "lsesim": ("lsesim", "horses", "lsesim"), "learned": ("lsesim", "horses", "learned"),
    "spade": ("spade", "rooms", "monce"), "people": ("spade", "people", "perceptual"),
}  # fmt: skip


@pytest.fixture(scope="module")
def packs(tmp_path_factory) -> dict[str, dict[str, Path]]:
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("drawn")
    vgg = fresh_vgg(folder / "vgg")
    return {name: {"data": drawn_pack(name, folder), "features": vgg} for name in ("horses", "rooms", "people")}


def block_and_inputs(packs, run: str, **changes):
    method, data, name = RUNS[run]
    module = f"stages.papers.monce.methods.{method}.method"
    return module, monce_block(method, data, name, **({"iterations": 4, "keep_every": 1} | changes)), packs[data]


def trained(packs, run: str, out: Path, stops_after: int = -1, **changes) -> dict[str, bytes]:
    """The files of a whole training, through a stop behind a step where asked."""
    module, block, inputs = block_and_inputs(packs, run, **changes)
    (out / "resume").mkdir(parents=True)
    for stop in ([stops_after] if stops_after >= 0 else []) + [-1]:
        seen = []

        def stopping(seen=seen, stop=stop):
            seen.append(None)
            return len(seen) - 1 == stop

        method, source = importlib.import_module(module).for_training(block, inputs, 0, WORLD)
        session = Session(WORLD, out, out / "resume", stopping, lambda *words: None)
        if stop >= 0:
            with pytest.raises(Interrupted):
                train(method, source, block, 0, session)
        else:
            train(method, source, block, 0, session)
    return {name: (out / name).read_bytes() for name in ("weights.safetensors", "curve.csv")}


@pytest.mark.parametrize("run", RUNS)
def test_a_training_that_was_stopped_ends_with_the_same_bytes(packs, run, tmp_path):
    assert trained(packs, run, tmp_path / "whole") == trained(packs, run, tmp_path / "parts", stops_after=2)


@pytest.mark.parametrize("run", RUNS)
def test_what_was_trained_is_loaded_and_translates(packs, run, tmp_path):
    trained(packs, run, tmp_path, iterations=1)
    module, block, inputs = block_and_inputs(packs, run, iterations=1)
    imported = importlib.import_module(module)
    method, (_, source) = imported.for_sampling(block, WORLD), imported.for_training(block, inputs, 0, WORLD)
    assert set(method.nets) == {"generator"}
    load_weights(method, tmp_path)
    assert method.produce(source.batch(0), None)["image"].shape[1:] == (3, 32, 32)


def test_two_processes_pass_their_fakes_through_one_pool(packs, tmp_path):
    """At a rate at which nothing moves much: sums differ in their last bits, and Adam makes steps of any difference."""
    changes = {"iterations": 5, "learning_rate": 1e-8}
    whole = load(trained(packs, "cycle", tmp_path / "one", **changes)["weights.safetensors"])
    module, block, inputs = block_and_inputs(packs, "cycle", **changes)
    (tmp_path / "two/resume").mkdir(parents=True)
    arguments = (module, block, inputs, 0, tmp_path / "two", tmp_path / "two/resume")
    launch(work, 2, 0, arguments, lambda: False, lambda *facts: None)
    halves = load((tmp_path / "two/weights.safetensors").read_bytes())
    assert set(whole) == set(halves)
    for side in ("source", "target"):
        torch.testing.assert_close(whole[f"memory.pool_{side}"], halves[f"memory.pool_{side}"], rtol=0, atol=1e-3)


@pytest.mark.parametrize("run", ["monce", "people"])
def test_no_training_opens_the_truth(packs, run, tmp_path):
    before = trained(packs, run, tmp_path / "with")
    truth = packs[RUNS[run][1]]["data"] / "truth.npy"
    content = truth.read_bytes()
    truth.unlink()
    try:
        assert trained(packs, run, tmp_path / "without") == before
    finally:
        truth.write_bytes(content)


def test_no_training_imports_torchvision(packs, tmp_path):
    """Nor what measures: all methods in a fresh process."""
    jobs = []
    for run in RUNS:
        module, block, inputs = block_and_inputs(packs, run, iterations=1)
        places = {name: str(path) for name, path in inputs.items()}
        jobs.append({"module": module, "block": block.model_dump(mode="json"), "inputs": places})
    program = f"""
import importlib, json, sys
from pathlib import Path
from stages.engine.loop import Run
from stages.engine.world import World
for number, job in enumerate(json.loads({json.dumps(json.dumps(jobs))})):
    module = importlib.import_module(job["module"])
    block = module.Block.model_validate(job["block"], strict=False)
    inputs = {{name: Path(path) for name, path in job["inputs"].items()}}
    method, source = module.for_training(block, inputs, 0, World.single())
    folder = Path({str(tmp_path)!r}) / str(number)
    folder.mkdir()
    Run(method, source, block, 0, World.single(), folder).step(source.batch(0))
heavy = {{"torchvision", "torch_fidelity", "lpips", "cv2", "torch._dynamo", "torch._inductor"}}
print(number + 1, sorted(heavy & set(sys.modules)))
"""
    told = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert told.stdout.split("\n")[0] == f"{len(RUNS)} []", told.stderr


@pytest.mark.parametrize("profile", PROFILES)
def test_no_two_trainings_are_alike(profile):
    """Method, seed, inputs and parameters together are different ones in every training of the resolved graph."""
    found: dict[str, str] = {}
    held = params.load(ROOT)
    for stage in stages_in(profile):
        if "stages.train --paper monce" not in stage.cmd:
            continue
        words = stage.cmd.split()
        names = tuple(words[words.index("--block") + 1 : words.index("--in")])
        merged = layers.merge(held, names)
        merged.pop("enabled")
        given = words[words.index("--in") : words.index("--out")]
        key = json.dumps([words[4:8], words[8:10], given, merged], sort_keys=True)
        assert key not in found, f"{stage.name} is {found[key]}"
        found[key] = stage.name
    assert len(found) == 50


def test_an_edit_of_one_q_reaches_one_training():
    """The layer of Q = 5 is listed by the run of that Q, and by its further seeds."""
    stages = [stage for stage in stages_here() if "stages.train --paper monce" in stage.cmd]
    listing = {stage.name for stage in stages if "monce.weighting.variant.q5" in stage.params}
    assert listing == {"monce_sweep@q5", "monce_repeat@q5-1", "monce_repeat@q5-2"}
