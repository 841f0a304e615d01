"""MoNCE's scores of translations: zeros where nothing differs, the gate by hand, runs that were not run."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.data.prepared.packed import Packed
from stages.metrics.rows import Rows
from stages.papers.monce import paired, translating, unpaired
from stages.papers.monce.measured import runs_of, shown_places
from tests.papers import monce_made
from tests.papers.monce_made import COUNT, left_out, store, trained
from tests.parts.interrupted import going

SCORES = {
    "profile": "demo", "batch": 3, "judge_batch": 3, "shown": 3, "seed": 0, "layers": ("relu3_1", "relu4_1"),
    "judged": "nothing", "sizes": "pack",
}  # fmt: skip
PAIRS = {"profile": "demo", "batch": 3, "judge_batch": 3, "shown": 3, "seed": 0, "judged": "rooms", "sizes": "label256"}


def scored(inputs, out: Path, **changes) -> dict:
    out.mkdir()
    unpaired.measure(unpaired.Block(**(SCORES | changes)), inputs, out, "cpu", going(out))
    return json.loads((out / "score.json").read_text())


def numbers(score: dict, method: str) -> dict[str, float]:
    return {value["metric"]: value["value"] for value in score["values"] if value["method"] == method}


def translating_by(monkeypatch, make) -> None:
    """Puts `make(data, positions)` in the place of every model's translations."""
    monkeypatch.setattr(
        translating, "translate", lambda trained, data, positions, *words: np.array(make(data, positions))
    )


def test_a_model_that_copies_its_input_keeps_everything_and_fails_the_gate(tmp_path, monkeypatch):
    translating_by(monkeypatch, lambda data, positions: data.images[positions])
    score = scored(store(tmp_path), tmp_path / "out")
    found = numbers(score, "monce")
    for metric in ("self_similarity", "structure", "PD-demo"):
        assert found[metric] == pytest.approx(0, abs=1e-6)
    gate = score["gate"]["monce"]
    assert gate["translated"] is False and gate["share"] == 0.0
    assert gate["made"] == gate["source"] == found["FD-demo"] == numbers(score, "source")["FD-demo"]
    assert gate["source"] > 1


def test_sets_that_are_alike_have_no_distance(tmp_path, monkeypatch):
    translating_by(monkeypatch, lambda data, positions: data.images[positions])
    score = scored(store(tmp_path, alike=True), tmp_path / "out")
    for method in ("source", "monce"):
        assert numbers(score, method)["FD-demo"] == pytest.approx(0, abs=1e-5)
        assert numbers(score, method)["SWD"] == 0
    assert numbers(score, "halves")["SWD"] > 0


@pytest.mark.parametrize(("share", "passed"), [(1.0, True), (0.0, False)])
def test_the_gate_asks_for_nearness_and_for_the_targets_classes(tmp_path, monkeypatch, share, passed):
    """The scorer takes bright pictures for the target: all are, or none."""
    target = share == 1
    translating_by(monkeypatch, lambda data, positions: data.images[data.positions("testB" if target else "testA")])
    gate = scored(store(tmp_path), tmp_path / "out")["gate"]["monce"]
    assert gate["share"] == share and gate["translated"] is passed
    assert (gate["made"] < 1e-5) is target


def test_a_quarter_of_the_way_and_half_of_the_pictures_are_the_limits(tmp_path, monkeypatch):
    """Of eight pictures four are bright: half of the classes, but far from the target."""

    def half(data, positions):
        made = np.array(data.images[data.positions("testB")])
        made[::2] = data.images[positions][::2]
        return made

    translating_by(monkeypatch, half)
    gate = scored(store(tmp_path), tmp_path / "out")["gate"]["monce"]
    assert gate["share"] == 0.5
    assert gate["translated"] is (gate["made"] <= gate["source"] / 4)


def test_runs_that_were_not_run_are_told_and_helpers_that_are_left_out_are_done_without(tmp_path):
    inputs = store(tmp_path) | {"model_cycle": left_out(tmp_path / "cycle"), "judge": left_out(tmp_path / "judge")}
    score = scored(inputs | {"features": left_out(tmp_path / "novgg")}, tmp_path / "out", judged="animals")
    assert score["not_run"] == {"cycle": "enabled: false in this profile"}
    assert {value["method"] for value in score["values"]} == {"source", "halves", "monce"}
    assert not {"self_similarity", "mask_iou"} & set(numbers(score, "monce"))
    assert set(numbers(score, "monce")) == {"FD-demo", "SWD", "structure", "PD-demo"}
    with pytest.raises(
        ValueError, match=r"expected a trained model among the inputs model_<run>, came none of \['cycle'"
    ):
        runs_of({"model_cycle": inputs["model_cycle"]})


def test_rows_of_further_seeds_have_the_name_of_their_run(tmp_path):
    inputs = store(tmp_path)
    inputs["model_patch_1"] = trained(tmp_path / "patch", seed=1)
    score = scored(inputs, tmp_path / "out")
    assert {(value["method"], value["seed"]) for value in score["values"]} == {
        ("source", 0), ("halves", 0), ("monce", 0), ("patch", 1)
    }  # fmt: skip
    assert set(score["gate"]) == {"monce", "patch_1"} and (tmp_path / "out" / "shown_patch_1.npy").is_file()
    counts = {(value["unit"], value["n"]) for value in score["values"] if value["metric"] == "SWD"}
    assert counts == {("1/1000", COUNT), ("1/1000", COUNT // 2)}


def test_shown_items_are_spread_over_the_sorted_test_keys(tmp_path):
    inputs = store(tmp_path)
    score = scored(inputs, tmp_path / "out")
    assert score["shown"] == ["testA/00", "testA/04", "testA/07"]
    data = Packed.open(inputs["data"])
    places = [data.keys.index(key) for key in score["shown"]]
    assert np.array_equal(np.load(tmp_path / "out" / "shown_input.npy"), data.images[places])
    made = np.load(tmp_path / "out" / "shown_monce.npy")
    assert made.shape == (3, 32, 32, 3) and made.dtype == np.uint8
    assert not (tmp_path / "out" / "shown_target.npy").exists()
    assert shown_places(10, 4).tolist() == [0, 3, 6, 9] and shown_places(2, 4).tolist() == [0, 1]


def test_the_same_inputs_give_the_same_bytes_whatever_the_batch(tmp_path):
    inputs = store(tmp_path)
    for name, batch in (("one", 3), ("two", 3), ("three", 8)):
        scored(inputs, tmp_path / name, batch=batch)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == ["score.json", "shown_input.npy", "shown_monce.npy"]
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    one, three = (json.loads((tmp_path / name / "score.json").read_text()) for name in ("one", "three"))
    for left, right in zip(one["values"], three["values"], strict=True):
        assert left["value"] == pytest.approx(right["value"], rel=1e-4, abs=1e-6)


def test_where_the_animals_are_is_judged_and_what_changed_outside_of_them(tmp_path, monkeypatch):
    """A judge that finds exactly the animal; five levels are added to all that is none."""
    from stages.nets import segmenter

    inputs = store(tmp_path) | {"judge": tmp_path}
    monkeypatch.setattr(segmenter, "load_segmenter", lambda folder: monce_made.reader(2))
    data = Packed.open(inputs["data"])
    truth = data.array("truth")[data.positions("testA")]

    def made(held, positions):
        images = np.array(held.images[positions])
        images[..., 0] = np.where(truth == 1, 20, 0)
        return images

    translating_by(monkeypatch, made)
    score = scored(inputs, tmp_path / "out", judged="animals")
    found = numbers(score, "monce")
    assert found["mask_iou"] == pytest.approx(1, abs=1e-4)
    source = data.images[data.positions("testA")].astype(int)
    bare = truth == 0
    change = [np.abs(source[at, ..., 0])[bare[at]].mean() / 3 for at in range(COUNT)]
    assert found["background_l1"] == pytest.approx(np.mean(change))
    assert "mask_iou" in numbers(score, "source") and "background_l1" not in numbers(score, "source")


@pytest.mark.parametrize("sizes", ["label256", "native"])
def test_photos_in_the_place_of_made_pictures_have_no_distance_and_the_photos_own_scores(tmp_path, monkeypatch, sizes):
    from stages.nets import segmenter
    from stages.papers.monce import true_labels

    data = monce_made.scenes(tmp_path / "rooms")
    inputs = {
        "data": data, "scorer": monce_made.dark_or_bright(tmp_path / "scorer"), "judge": tmp_path, "raw": tmp_path,
        "model_monce": trained(tmp_path / "monce", "spade"), "model_hard": left_out(tmp_path / "hard"),
    }  # fmt: skip
    monkeypatch.setattr(segmenter, "load_segmenter", lambda folder: monce_made.reader(2))
    packed = Packed.open(data)
    photos = packed.images[packed.positions("test")]
    # Raw labels and photos twice as large, each pixel four times.
    monkeypatch.setattr(true_labels, "raw_photos", lambda *words: (one.repeat(2, 0).repeat(2, 1) for one in photos))
    monkeypatch.setattr(
        true_labels, "raw_rooms",
        lambda held, positions, raw: (
            one.repeat(2, 0).repeat(2, 1) for one in true_labels.packed_rooms(held, positions)
        ),
    )  # fmt: skip
    translating_by(monkeypatch, lambda held, positions: held.images[positions])
    (tmp_path / "out").mkdir()
    paired.measure(paired.Block(**(PAIRS | {"sizes": sizes})), inputs, tmp_path / "out", "cpu", going(tmp_path / "out"))
    score = json.loads((tmp_path / "out" / "score.json").read_text())
    found = numbers(score, "monce")
    assert found["FD-demo"] == pytest.approx(0, abs=1e-5) and found["SWD"] == 0
    assert {metric: found[metric] for metric in ("mIoU", "Acc")} == numbers(score, "real")
    assert ("real_native" in {value["method"] for value in score["values"]}) is (sizes == "native")
    assert score["not_run"] == {"hard": "enabled: false in this profile"} and "gate" not in score
    shown = {name: np.load(tmp_path / "out" / f"shown_{name}.npy") for name in ("input", "target", "monce")}
    assert np.array_equal(shown["target"], shown["monce"]) and shown["input"].shape == (3, 32, 32, 3)
    assert (shown["input"][:, :, 0] == 0).all() and len(np.unique(shown["input"].reshape(-1, 3), axis=0)) == 3


def test_models_of_other_sets_sizes_methods_and_directions_are_refused(tmp_path):
    inputs = store(tmp_path)
    facts = json.loads((inputs["model_monce"] / "model.json").read_text())

    def changed(name: str, **changes) -> dict[str, Path]:
        other = trained(tmp_path / name)
        block = facts["block"] | changes.pop("block", {})
        (other / "model.json").write_text(json.dumps(facts | changes | {"block": block}))
        return inputs | {"model_other": other}

    with pytest.raises(ValueError, match=r"expected a model of monce \['contrast', 'cycle', 'lsesim'\], came monce x"):
        scored(changed("method", method="x"), tmp_path / "a")
    with pytest.raises(ValueError, match="was trained on seasons, the data are horses"):
        scored(changed("set", data="seasons"), tmp_path / "b")
    with pytest.raises(ValueError, match="was trained at 64 px, the data have 32 px"):
        scored(changed("size", block={"size_px": 64}), tmp_path / "c")
    paired_too = inputs | {"model_spade": trained(tmp_path / "spade", "spade")}
    with pytest.raises(ValueError, match=r"expected models that translate in one direction, came \['None', 'a_to_b'\]"):
        scored(paired_too, tmp_path / "e")
    with pytest.raises(ValueError, match="expected models that translate in one direction"):
        scored(changed("way", block={"direction": "b_to_a"}), tmp_path / "d")


def test_what_is_not_finite_is_no_score():
    with pytest.raises(FloatingPointError, match=r"SWD of monce \(seed 1\) on horses is nan"):
        Rows("horses").add("monce", 1, "SWD", "1/1000", float("nan"), 3, {})


def test_a_translation_that_is_not_finite_is_named(tmp_path):
    from stages.papers.monce.methods.contrast import method as contrast

    inputs = store(tmp_path)
    data = Packed.open(inputs["data"])
    model = translating.open_trained(inputs["model_monce"], {"contrast": contrast}, data, "cpu")
    with torch.no_grad():
        next(model.method.nets["generator"].parameters()).fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="the translation of testA/00, or of its batch, is not finite"):
        translating.translate(model, data, data.positions("testA"), 4, "cpu", going(tmp_path), "monce")
