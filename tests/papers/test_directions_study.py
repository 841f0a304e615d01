"""The direction study from a trained model to its scores, at the size of the smoke profile, on drawn rows."""

import importlib
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.data.files import read_json, read_table, write_json
from stages.data.prepared.packed import Packed
from stages.engine.session import Session
from stages.engine.weights import write_weights
from stages.engine.world import World, settle
from stages.nets.encoders.load import save_encoder
from stages.nets.encoders.small import DemoClassifier
from stages.papers.contrasfill.directions import known, measuring, walk
from stages.papers.contrasfill.directions.results import check_same_images, read_results
from stages.papers.contrasfill.discovering import Study, contexts, open_model, produced, steered
from stages.papers.contrasfill.sampled import positions_to_holes
from tests.contract.prepared import block_of, make_inputs

WORLD = World.single()
MODELS = {
    "comodgan": ("comodgan", "full"),
    "collagegan": ("collagegan", "full"),
    "contrasfill1": ("contrasfill", "one_code"),
    "contrasfill": ("contrasfill", "full"),
}


def layers_of(*groups: str) -> tuple[str, ...]:
    return tuple(f"contrasfill.{group}.{kind}" for kind in ("base", "profile.smoke") for group in groups)


def make_model(folder: Path, method: str, variant: str) -> Path:
    """A model folder with fresh weights, strong enough in its codes to move a picture."""
    module = importlib.import_module(f"stages.papers.contrasfill.methods.{method}.method")
    kinds = ("base", "data.face", f"variant.{variant}", "profile.smoke")
    names = [f"contrasfill.{group}.{kind}" for kind in kinds for group in ("common", method)]
    absent = {"contrasfill.common.data.face", "contrasfill.common.variant.one_code"}
    names = [name for name in names if name not in absent]
    block = block_of(module.__name__, *names).model_copy(update={"hole": "box", "style_spread": 1.0})
    made = module.for_sampling(block, WORLD)
    folder.mkdir(parents=True)
    write_weights(made.nets, made.memory, folder)
    facts = {"paper": "contrasfill", "method": method, "seed": 0, "data": "face"}
    write_json(folder / "model.json", {**facts, "block": block.model_dump(mode="json")})
    return folder


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    settle(torch.device("cpu"))
    folder = tmp_path_factory.mktemp("study")
    found = make_inputs(folder)
    for name, (method, variant) in MODELS.items():
        found[name] = make_model(folder / "model" / name, method, variant)
    found["scorer"] = folder / "scorer"
    found["scorer"].mkdir()
    view = {"size_px": 32, "crop": [0, 0, 256, 256], "shrink": "pool", "mean": [0.5] * 3, "std": [0.5] * 3}
    arguments = {"width": 4, "classes": 3}
    torch.manual_seed(1)
    facts = {"architecture": "demo_classifier", "arguments": arguments, "view": view}
    save_encoder(found["scorer"], DemoClassifier(**arguments), facts)
    return found


def study_of(inputs: dict[str, Path], name: str, out: Path, **changes) -> Study:
    kind = "known" if name == "contrasfill" else "walk"
    groups = ("discover",) if kind == "known" else ("discover", "regressor", "directions")
    block = block_of(f"stages.papers.contrasfill.directions.{kind}", *layers_of(*groups)).model_copy(update=changes)
    out.mkdir(parents=True)
    chosen = {"model": inputs[name], "data": inputs["data"], "encoder": inputs["encoder"]}
    return Study(
        "contrasfill", MODELS[name][0], 0, block, chosen, Session(WORLD, out, out / "resume", lambda: False, print)
    )


def ran(inputs: dict[str, Path], name: str, out: Path, **changes) -> Path:
    study = study_of(inputs, name, out, **changes)
    (known if name == "contrasfill" else walk).discover(study)
    return out


@pytest.fixture(scope="module")
def folders(inputs, tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("results")
    return {name: ran(inputs, name, folder / name) for name in MODELS}


@pytest.mark.parametrize("name", sorted(MODELS))
def test_results_differ_from_their_base_inside_the_hole_alone(name, inputs, folders):
    held, data = read_results(folders[name]), Packed.open(inputs["data"])
    assert held.complete.all() and held.several.shape == (2, 2, 32, 32, 3)
    assert held.positions.tolist() == data.positions("evaluation").tolist()
    outside = positions_to_holes(data, held.positions, "box") == 0
    for image, position in enumerate(held.positions):
        for picture in (held.base[image], *held.several[image]):
            assert np.array_equal(picture[outside[image]], data.images[position][outside[image]])
        assert not np.array_equal(held.several[image, 0], held.several[image, 1])
    assert held.facts["kind"] == ("known codes" if name == "contrasfill" else "direction")


@pytest.mark.parametrize("name", sorted(MODELS))
def test_all_methods_results_are_redrawn_by_one_rule(name, inputs, tmp_path):
    """With hardly any drop allowed some draws miss; what is kept lies above r - drop, and the misses are counted."""
    out = ran(inputs, name, tmp_path / "out", bound_drop=1e-6, draws=40, range_limit=1.0)
    held, rows = read_results(out), read_table(out / "results.parquet")
    kept = np.asarray(rows["realness"]), held.realness[np.asarray(rows["image"])]
    assert (kept[0] > kept[1] - 1e-6).all()
    walked = held.facts["walk"]
    assert walked["draws"] > len(rows["image"]) and walked["miss"] == pytest.approx(
        1 - len(rows["image"]) / walked["draws"]
    )


@pytest.mark.parametrize("name", ["comodgan", "collagegan", "contrasfill1"])
def test_what_is_kept_was_accepted_and_lies_within_the_range(name, folders):
    held, rows = read_results(folders[name]), read_table(folders[name] / "results.parquet")
    assert (held.drift > -held.facts["bound_drop"]).all()
    assert (np.abs(rows["step"]) <= held.facts["calibration"]["range"]).all()
    assert np.linalg.norm(np.load(folders[name] / "direction.npy")) == pytest.approx(1)
    facts = held.facts
    groups = facts["groups"]
    assert (
        groups["codes"] == 64
        and 8 <= groups["kept"] <= 16
        and (groups["kept"] == 16) == (groups["small_clusters"] == 0)
    )
    assert facts["walk"]["miss"] == pytest.approx(1 - len(rows["step"]) / facts["walk"]["draws"])


@pytest.mark.parametrize("name", ["comodgan", "contrasfill"])
def test_a_study_repeats_to_the_byte(name, inputs, folders, tmp_path):
    again = ran(inputs, name, tmp_path / name)
    files = sorted(path.name for path in folders[name].iterdir() if path.is_file())
    assert len(files) >= 5 and files == sorted(path.name for path in again.iterdir() if path.is_file())
    for file in files:
        assert (folders[name] / file).read_bytes() == (again / file).read_bytes(), file


@pytest.mark.parametrize("name", ["comodgan", "collagegan", "contrasfill1"])
def test_a_step_of_length_zero_is_the_base_result(name, inputs, tmp_path):
    """Common random numbers: dropout, noise and code of an image stay; CoModGAN draws dropout in sampling too."""
    study = study_of(inputs, name, tmp_path / "out")
    data = Packed.open(inputs["data"])
    method = open_model(inputs[name], "contrasfill", study.method, 0, WORLD).method
    direction = np.zeros(method.block.latent)
    direction[0] = 1
    walker, stepped = walk.along(study, method, data, direction)
    (_, still, realness), (_, moved, _) = (
        next(stepped(np.array([1, 0]), np.array(steps))) for steps in ([0.0, 0.0], [50.0, -50.0])
    )
    from stages.data.image import from_tensor

    assert np.array_equal(from_tensor(still), walker.pictures[[1, 0]]) and not torch.equal(still, moved)
    assert realness == pytest.approx(walker.realness[[1, 0]], abs=1e-6)


def test_known_codes_change_and_the_unknown_one_stays(inputs, tmp_path, monkeypatch):
    seen = []
    module = importlib.import_module("stages.papers.contrasfill.methods.contrasfill.method")
    real = module.ContrasFill.produce

    def noted(self, batch, chance):
        unknown = chance.normal("code_unknown", len(batch["image"]), self.block.latent)
        seen.extend(zip(batch["position"].tolist(), batch["code_known"], unknown, strict=True))
        return real(self, batch, chance)

    monkeypatch.setattr(module.ContrasFill, "produce", noted)
    ran(inputs, "contrasfill", tmp_path / "out", batch=3)
    for position in {place for place, _, _ in seen}:
        codes = [(k, u) for place, k, u in seen if place == position]
        assert len(codes) == 3 and all(torch.equal(u, codes[0][1]) for _, u in codes)
        assert not torch.equal(codes[0][0], codes[1][0]) and not torch.equal(codes[1][0], codes[2][0])
    assert not torch.equal(seen[0][2], next(u for place, _, u in seen if place != seen[0][0]))


def test_steering_replaces_the_code_and_nothing_else(inputs):
    data = Packed.open(inputs["data"])
    method = open_model(inputs["contrasfill1"], "contrasfill", "contrasfill", 0, WORLD).method
    batch = contexts(data, data.positions("train")[:2], "box", WORLD)
    with steered(method) as noted:
        plain = produced(method, batch, ["a", "b"], 0)
    with steered(method, noted[0].flip(0)):
        swapped = produced(method, batch, ["a", "b"], 0)
    with steered(method, noted[0]):
        same = produced(method, batch, ["c", "d"], 0)
    assert torch.equal(same["image"], plain["image"]) and not torch.equal(swapped["image"], plain["image"])
    assert torch.equal(produced(method, batch, ["a", "b"], 0)["image"], plain["image"])
    two = open_model(inputs["contrasfill"], "contrasfill", "contrasfill", 0, WORLD).method
    with pytest.raises(ValueError, match="this method has 2"), steered(two):
        pass


def test_models_that_do_not_belong_are_refused(inputs, tmp_path):
    with pytest.raises(ValueError, match="was trained for box holes, not object"):
        ran(inputs, "collagegan", tmp_path / "a", hole="object")
    study = study_of(inputs, "contrasfill", tmp_path / "b")
    study.inputs["model"] = inputs["contrasfill1"]
    with pytest.raises(ValueError, match="a model with two codes"):
        known.discover(study)
    with pytest.raises(ValueError, match="expected a model with method comodgan, it has collagegan"):
        open_model(inputs["collagegan"], "contrasfill", "comodgan", 0, WORLD)
    with pytest.raises(ValueError, match="expected a model with seed 1, it has 0"):
        open_model(inputs["collagegan"], "contrasfill", "collagegan", 1, WORLD)


def measured(inputs, folders, out: Path) -> dict:
    block = block_of("stages.papers.contrasfill.directions.measuring", "contrasfill.directions_measure.base")
    out.mkdir()
    chosen = {"data": inputs["data"], "encoder": inputs["encoder"], "encoder_indep": inputs["encoder"]}
    chosen |= {"scorer": inputs["scorer"], "model": inputs["contrasfill"]}
    chosen |= {f"results_{name}": folder for name, folder in folders.items()}
    measuring.measure(block, chosen, out, "cpu", lambda *_: None)
    return read_json(out / "score.json")


def test_scores_hold_every_method_and_measure(inputs, folders, tmp_path):
    score = measured(inputs, folders, tmp_path / "score")
    found = {(value["method"], value["metric"]): value for value in score["values"]}
    everywhere = (
        "KFFA",
        "KFFA_indep",
        "PD-demo",
        "leakage",
        "realness_drift",
        "miss_walked",
        "short_images",
        "free_images",
    )
    assert all((name, metric) in found for name in MODELS for metric in everywhere)
    assert {metric for name, metric in found if name == "contrasfill"} == set(everywhere)
    held = read_results(folders["comodgan"])
    assert found["comodgan", "realness_drift"]["value"] == pytest.approx(np.abs(held.drift).mean())
    assert found["comodgan", "range"]["value"] == held.facts["calibration"]["range"]
    assert all(value["n"] == 2 and value["dataset"] == "face" for value in score["values"])
    assert found["comodgan", "KFFA"]["value"] == found["comodgan", "KFFA_indep"]["value"] > 0


def test_short_images_are_named_and_left_out_of_all_methods(inputs, folders, tmp_path):
    """With hardly any drop allowed about every second draw misses, so two draws often are too few."""
    short = ran(inputs, "collagegan", tmp_path / "short", bound_drop=1e-9, draws=2, range_limit=1.0)
    held = read_results(short)
    named = [
        key for key, full in zip(read_table(short / "images.parquet")["key"], held.complete, strict=True) if not full
    ]
    assert named and held.facts["walk"]["short"] == named
    assert np.isnan(held.drift[~held.complete]).any()
    lengths = held.counts.tolist()
    assert lengths == [int(np.isfinite(row).sum()) for row in held.drift]
    if held.complete.any():
        score = measured(inputs, {**folders, "collagegan": short}, tmp_path / "score")
        kffa = [value for value in score["values"] if value["metric"] == "KFFA"]
        assert [value["n"] for value in kffa] == [int(held.complete.sum())] * len(MODELS)
    else:
        with pytest.raises(ValueError, match=r"no image has all results of every method .*'collagegan': 2"):
            measured(inputs, {**folders, "collagegan": short}, tmp_path / "score")


def test_results_of_other_images_are_not_compared(folders):
    from dataclasses import replace

    one, other = read_results(folders["comodgan"]), read_results(folders["collagegan"])
    check_same_images({"one": one, "other": other})
    with pytest.raises(ValueError, match="one and other are of other images"):
        check_same_images({"one": one, "other": replace(other, positions=other.positions + 1)})
    with pytest.raises(ValueError, match="hole is 'box' for one, 'object' for other"):
        check_same_images({"one": one, "other": replace(other, facts=other.facts | {"hole": "object"})})


def test_discovering_imports_neither_torchvision_nor_the_compiler():
    import subprocess
    import sys

    program = (
        "import sys, stages.discover, stages.papers.contrasfill.directions.walk\n"
        "import stages.papers.contrasfill.directions.known, stages.papers.contrasfill.identity.generator\n"
        "import stages.papers.contrasfill.identity.inversion, stages.papers.contrasfill.identity.direction\n"
        "print(*sorted({'torchvision', 'torch._dynamo', 'torch._inductor', 'lpips', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["torch"]
