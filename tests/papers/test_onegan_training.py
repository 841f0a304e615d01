"""OneGAN's training as a whole: stops change no byte, no mask is read, all that learns moves, processes agree."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from stages.data.prepared.packed import Packed
from stages.engine.launch import launch
from stages.engine.loop import Run
from stages.engine.world import World, settle
from stages.papers.onegan.methods.gan import method as gan
from stages.papers.onegan.trained import open_trained
from stages.train import work
from tests.papers import onegan_made
from tests.papers.onegan_made import MODULE, drawn_batch, gan_block, inputs_of
from tests.papers.stopped import train_through

WORLD = World.single()
SIX: dict[str, Any] = {"iterations": 6, "phase_starts": (2, 4)}
TRUTHS = ("masks", "cover", "background", "exact")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    return inputs_of(tmp_path_factory.mktemp("packs"))


def trained(inputs: dict[str, Path], out: Path, stops_after: int = -1, **changes: Any) -> dict[str, bytes]:
    """The files of a whole training, through a stop behind a step where asked."""
    block = gan_block(**(SIX | changes))
    train_through(lambda: gan.for_training(block, inputs, 0, WORLD), block, out, stops_after)
    return {name: (out / name).read_bytes() for name in ("weights.safetensors", "curve.csv")}


@pytest.fixture(scope="module")
def whole(inputs, tmp_path_factory) -> dict[str, bytes]:
    return trained(inputs, tmp_path_factory.mktemp("whole") / "model")


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_training_that_was_stopped_in_any_phase_ends_with_the_same_bytes(inputs, whole, tmp_path, stop):
    assert trained(inputs, tmp_path / "parts", stops_after=stop) == whole


def test_training_opens_nothing_that_is_known_of_a_photo(inputs, whole, tmp_path):
    """Masks, covers and grounds are gone."""
    bare = tmp_path / "bird_boxes"
    shutil.copytree(inputs["data"], bare)
    for name in TRUTHS:
        (bare / f"{name}.npy").unlink()
    assert trained({**inputs, "data": bare}, tmp_path / "model") == whole


def test_what_else_lies_in_masks_changes_nothing(inputs, whole, tmp_path):
    blank = tmp_path / "bird_boxes"
    shutil.copytree(inputs["data"], blank)
    masks = np.load(blank / "masks.npy")
    np.save(blank / "masks.npy", np.zeros_like(masks))
    assert trained({**inputs, "data": blank}, tmp_path / "model") == whole


def changed(before: dict[str, torch.Tensor], method) -> set[str]:
    """The parameters that are not what they were."""
    return {name for name, value in named(method).items() if not torch.equal(value, before[name])}


def named(method) -> dict[str, torch.Tensor]:
    parameters = ((f"{net}.{name}", value) for net, module in method.nets.items()
                  for name, value in module.named_parameters())  # fmt: skip
    return {name: value.detach().clone() for name, value in parameters}


def test_every_parameter_moves_within_three_steps(inputs, tmp_path):
    block = gan_block()
    method, source = gan.for_training(block, inputs, 0, WORLD)
    before = named(method)
    run = Run(method, source, block, 0, WORLD, tmp_path)
    while run.done < block.iterations:
        run.step(source.batch(run.done))
    assert block.iterations == 3 and changed(before, method) == set(before)


def test_each_update_moves_its_own_networks(inputs, tmp_path):
    """In every phase of the training, seen at the moment in which an optimiser has moved."""
    block = gan_block()
    method, source = gan.for_training(block, inputs, 0, WORLD)
    run = Run(method, source, block, 0, WORLD, tmp_path)
    found: list[tuple[str, set[str]]] = []
    for name, optimiser in run.optimisers.items():

        def noted(step, moved, name=name, real=optimiser.step):
            before = named(method)
            real(step, moved)
            found.append((name, {parameter.partition(".")[0] for parameter in changed(before, method)}))

        optimiser.step = noted
    for step in range(3):
        run.step(source.batch(step))
    makers = {"generator", "child_encoder", "parent_encoder", "background_encoder", "child_head"}
    assert found == [("D", {"child_judge", "background_judge"}), ("GE", makers)] * 3


def curve_of(folder: Path) -> dict[tuple[str, str], float]:
    with (folder / "curve.csv").open(encoding="utf-8") as file:
        return {(line["step"], line["term"]): float(line["value"]) for line in csv.DictReader(file)}


def test_two_processes_train_as_one(inputs, tmp_path):
    """At a rate at which nothing moves much: sums differ in their last bits, and Adam makes steps of any difference."""
    changes: dict[str, Any] = {**SIX, "learning_rate": 1e-8, "batch": 4, "patch_labels": "box"}
    trained(inputs, tmp_path / "one", **changes)
    (tmp_path / "two/resume").mkdir(parents=True)
    arguments = (MODULE, gan_block(**changes), inputs, 0, tmp_path / "two", tmp_path / "two/resume")
    launch(work, 2, 0, arguments, lambda: False, lambda *facts: None)
    one, two = curve_of(tmp_path / "one"), curve_of(tmp_path / "two")
    assert set(one) == set(two) and ("6", "mix/info") in one and ("6", "rebuild/stat/children") in one
    for term, value in one.items():
        assert two[term] == pytest.approx(value, rel=1e-3, abs=1e-4), term
    weights = [load_file(tmp_path / name / "weights.safetensors") for name in ("one", "two")]
    assert set(weights[0]) == set(weights[1])
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=0, atol=1e-6)


def test_samples_do_not_depend_on_what_is_beside_them():
    """A batch equals its rows one by one, in all three paths."""
    block = gan_block()
    method = gan.OneGAN(block, WORLD, 0)
    batch = drawn_batch(block)
    whole = method.forward(batch, gan.Chance(0, 2, WORLD))
    for row in range(2):
        own = {name: value[row : row + 1] for name, value in batch.items()}
        alone = method.forward(own, gan.Chance(0, 2, World(row, 2, WORLD.device)))
        for path in ("generate", "rebuild", "mix"):
            for layer in ("image", "foreground", "background", "mask"):
                one, other = (getattr(shared[path], layer) for shared in (alone, whole))
                torch.testing.assert_close(one[0], other[row], rtol=0, atol=1e-5)


def test_a_batch_is_windows_of_training_photos_beside_tiles(inputs):
    block = gan_block(batch=4, train_splits=("train", "test"))
    _, source = gan.for_training(block, inputs, 0, WORLD)
    assert set(source.batch(0)) == {"image", "position", "background_image", "background_position"}
    seen = torch.cat([source.batch(step)["position"] for step in range(3)])
    assert seen.sort().values.tolist() == list(range(12))
    _, source = gan.for_training(gan_block(batch=4), inputs, 0, WORLD)
    seen = torch.cat([source.batch(step)["position"] for step in range(2)])
    assert seen.sort().values.tolist() == list(range(4, 12))
    _, boxed = gan.for_training(gan_block(patch_labels="box"), inputs, 0, WORLD)
    assert boxed.batch(0)["box"].shape == (2, 4)


VARIANTS: list[dict[str, Any]] = [
    {"norm_affine": "full"}, {"stem_norm": False}, {"background_input": "raw"}, {"recon_code": "class"},
    {"recon_code": "softmax"}, {"patch_labels": "box"}, {"mask_paths": ("generate",)}, {"precision": "bf16"},
    {"d_bg_side": 126, "d_bg_stride": 4}, {"size_px": 64}, {"channels_last": True},
]  # fmt: skip


@pytest.mark.parametrize("changes", VARIANTS, ids=lambda changes: "-".join(map(str, changes.items())))
def test_every_literal_variant_trains_with_all_its_paths(changes, tmp_path):
    block = gan_block(**({"iterations": 4} | changes))
    method = gan.OneGAN(block, WORLD, 0)

    class Noise:
        size = block.batch

        def batch(self, step: int) -> dict[str, torch.Tensor]:
            return drawn_batch(block, step)

    run = Run(method, Noise(), block, 0, WORLD, tmp_path)
    run.done = 2
    before = named(method)
    run.step(Noise().batch(2))
    assert {name.partition(".")[0] for name in changed(before, method)} == set(method.nets)
    terms = {line.split(",")[2] for line in run.record.lines}
    assert {"generate/class", "rebuild/ground", "mix/info"} <= terms


@pytest.mark.parametrize("name", ["data", "tiles"])
def test_pictures_of_another_side_are_refused(inputs, name, tmp_path):
    block = gan_block(size_px=64)
    other = {"data": inputs[name], "tiles": inputs[name]}
    with pytest.raises(ValueError, match=r"expected pictures of 64 px \(key size_px\), came 32"):
        gan.for_training(block, other, 0, WORLD)


def test_a_trained_model_is_opened_with_its_averages(inputs, tmp_path):
    trained(inputs, tmp_path, learning_rate=1e-2)
    facts = {"paper": "onegan", "method": "gan", "seed": 0, "data": "bird_boxes"}
    changes: dict[str, Any] = SIX | {"learning_rate": 1e-2}
    block = gan_block(**changes)
    (tmp_path / "model.json").write_text(json.dumps(facts | {"block": block.model_dump(mode="json")}))
    data = Packed.open(inputs["data"])
    found = open_trained(tmp_path, data, "cpu")
    written = load_file(tmp_path / "weights.safetensors")
    for name, value in found.model.generator.state_dict().items():
        assert torch.equal(written[f"generator.{name}"], value)
    for name, value in found.judges.child.state_dict().items():
        assert torch.equal(written[f"child_judge.{name}"], value)
    assert found.block == block and found.facts["seed"] == 0 and not found.model.generator.training
    assert not any(parameter.requires_grad for parameter in found.model.child_encoder.parameters())
    for key, value, said in (("method", "prior", "onegan gan"), ("data", "dog_boxes", "was trained on dog_boxes")):
        (tmp_path / "model.json").write_text(json.dumps(facts | {"block": block.model_dump(mode="json"), key: value}))
        with pytest.raises(ValueError, match=said):
            open_trained(tmp_path, data, "cpu")
    larger = onegan_made.gan_block(size_px=64).model_dump(mode="json")
    (tmp_path / "model.json").write_text(json.dumps(facts | {"block": larger}))
    with pytest.raises(ValueError, match="trained at 64 px"):
        open_trained(tmp_path, data, "cpu")
