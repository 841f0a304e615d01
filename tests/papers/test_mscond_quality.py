"""The generated side: distances against the reference, N equal in all cells, and what does not belong together."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stages.data.image import from_tensor
from stages.metrics.features import images_to_features
from stages.metrics.frechet import features_to_distance
from stages.metrics.scorer import load_scorer
from stages.papers.mscond import generated, quality, reference, trained
from tests.papers import mscond_scored as made_up
from tests.papers.mscond_scored import cars_in, left_out, quality_block, reference_block, row_of
from tests.parts.interrupted import going


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """With a reference already measured."""
    folder = tmp_path_factory.mktemp("store")
    found = made_up.store(folder)
    found["reference"], found["model"] = folder / "reference", folder / "model"
    found["reference"].mkdir()
    reference.measure(reference_block(), found, found["reference"], "cpu", going(found["reference"]))
    return found


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[Any]:
    """A model that makes scenes 1000, 1001 and so on; the psi and noise of each call."""
    calls: list[Any] = []

    def made(trained, latents, psi, noise):
        calls.append((psi, noise))
        return made_up.made(trained, latents, psi, noise)

    monkeypatch.setattr(trained, "open_trained", lambda folder, device: made_up.model())
    monkeypatch.setattr(generated, "latents", made_up.numbered)
    monkeypatch.setattr(generated, "make", made)
    return calls


def measured(inputs: dict[str, Path], out: Path, **changes: Any) -> dict[str, Any]:
    out.mkdir()
    quality.measure(quality_block(**changes), inputs, out, "cpu", going(out))
    return json.loads((out / "score.json").read_text())


def test_rows_counts_and_the_same_bytes_again_whatever_the_batch(inputs, tmp_path):
    score = measured(inputs, tmp_path / "one")
    numbers = range(1000, 1021)
    assert [(row["method"], row["metric"], row["unit"], row["n"]) for row in score["values"]] == [
        ("s1_16_on", "FD-demo", "1", 21), ("s1_16_on", "detections_car", "1/image", 21),
        ("s1_16_on", "FD-demo object car", "1", 12), ("s1_16_on", "detections_person", "1/image", 21),
    ]  # fmt: skip
    assert score["counts"] == {"images": 21, "detected_images": 21, "objects": {"car": cars_in(numbers), "person": 6}}
    assert row_of(score, "s1_16_on", "detections_car")["value"] == pytest.approx(cars_in(numbers) / 21)
    assert {key: score[key] for key in ("paper", "data", "run", "seed", "profile", "method", "scorer")} == {
        "paper": "mscond", "data": "city_scenes", "run": "s1_16_on", "seed": 0, "profile": "demo", "method": "gan",
        "scorer": "FD-demo",
    }  # fmt: skip
    said = row_of(score, "s1_16_on", "FD-demo")["protocol"]
    assert {"extractor_sha256", "view", "dimension", "crop", "filter", "covariances"} <= set(said)
    assert (said["reals"], said["fakes"], said["psi"], said["real_split"]) == (40, 21, 1.0, "train")
    assert {"detector", "threshold", "crop_px"} <= set(row_of(score, "s1_16_on", "FD-demo object car")["protocol"])
    measured(inputs, tmp_path / "two")
    assert (tmp_path / "one/score.json").read_bytes() == (tmp_path / "two/score.json").read_bytes()
    other = measured(inputs, tmp_path / "three", batch=5, detector_batch=2)
    for first, second in zip(score["values"], other["values"], strict=True):
        assert first["value"] == pytest.approx(second["value"], rel=1e-4)


def test_nothing_is_truncated_and_every_picture_draws_its_noise(inputs, tmp_path, asked):
    measured(inputs, tmp_path / "out")
    assert [psi for psi, _ in asked] == [1.0] * 3
    assert [row for _, noise in asked for row in noise.rows] == [f"latent/{number}" for number in range(21)]
    assert {noise.seed for _, noise in asked} == {0}


def test_distances_are_those_of_all_the_features_at_once(inputs, tmp_path):
    score, network = measured(inputs, tmp_path / "out"), load_scorer(inputs["scorer"])
    real, fake = (
        np.stack([made_up.scene(base + number) for number in range(count)]) for base, count in ((0, 40), (1000, 21))
    )
    expected = features_to_distance(*(images_to_features(network.encode, images, 64) for images in (fake, real)))
    assert row_of(score, "s1_16_on", "FD-demo")["value"] == pytest.approx(expected, rel=1e-3)


def test_as_many_crops_are_compared_on_both_sides_in_every_cell(inputs, tmp_path):
    """Equal N (settled 7.9): the reference's moments, its halves and the model's crops, at another N too."""
    for count in (4, 12):
        both = inputs | {"reference": tmp_path / f"reference {count}"}
        both["reference"].mkdir()
        reference.measure(
            reference_block(objects_count=count), both, both["reference"], "cpu", going(both["reference"])
        )
        score = measured(both, tmp_path / f"out {count}", objects_count=count)
        real = json.loads((both["reference"] / "score.json").read_text())
        cells = [row for row in real["values"] + score["values"] if " object " in row["metric"]]
        assert cells and {row["n"] for row in cells} == {row["protocol"]["reals"] for row in cells} == {count}
        with np.load(both["reference"] / "moments.npz") as arrays:
            counts = {name: int(arrays[name]) for name in arrays if name.endswith("_count")}
        assert counts.pop("scene_count") == 40 and set(counts.values()) == {count}
        assert score["counts"]["objects"]["car"] > count, "more are found than are compared"


def test_too_few_crops_on_either_side_are_said_with_their_number(inputs, tmp_path):
    score = measured(inputs, tmp_path / "few", fakes=5)
    assert score["absent"] == {
        "FD-demo object car": f"{cars_in(range(1000, 1005))} crops in 5 generated pictures, 12 are compared",
        "FD-demo object person": "10 crops in 40 real pictures, 12 are compared",
    }


def test_a_model_whose_objects_nobody_finds_has_no_number(inputs, tmp_path, monkeypatch):
    monkeypatch.setattr(generated, "make", lambda trained, latents, psi, noise: torch.zeros(len(latents), 3, 16, 16))
    score = measured(inputs, tmp_path / "blind")
    assert score["absent"]["FD-demo object car"] == "0 crops in 21 generated pictures, 12 are compared"
    assert row_of(score, "s1_16_on", "detections_car")["value"] == 0.0
    assert {row["metric"] for row in score["values"]} == {"FD-demo", "detections_car", "detections_person"}


def test_without_a_detector_scenes_are_measured_all_the_same(inputs, tmp_path):
    blind = inputs | {"detector": left_out(tmp_path / "left"), "reference": tmp_path / "reference"}
    blind["reference"].mkdir()
    reference.measure(reference_block(), blind, blind["reference"], "cpu", going(blind["reference"]))
    score = measured(blind, tmp_path / "out")
    assert [row["metric"] for row in score["values"]] == ["FD-demo"]
    assert (
        set(score["absent"].values()) == {"no detector: enabled: false in this profile"} and len(score["absent"]) == 4
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"objects_count": 11}, "expected objects_count 12 .* came 11"),
        ({"categories": ("car",)}, "expected categories"),
        ({"scorer": "other"}, "expected scorer_sha256"),
        ({"detector": "other"}, "expected detector"),
        ({"data": "kitchen"}, "expected data city_scenes .* came kitchen"),
        ({"run": "s1_16_off"}, "expected s1_16_on, which the model is by its own keys, came s1_16_off"),
    ],
)
def test_what_was_measured_in_another_way_is_refused(inputs, tmp_path, monkeypatch, changes, words):
    given, keys = dict(inputs), dict(changes)
    if "scorer" in keys:
        given["scorer"] = made_up.scorer(tmp_path / keys.pop("scorer"), seed=1)
    if "detector" in keys:
        given["detector"] = made_up.detector(tmp_path / keys.pop("detector"), {"car": ((0.0, 10.0),)})
    if "data" in keys:
        other = made_up.model(keys.pop("data"))
        monkeypatch.setattr(trained, "open_trained", lambda folder, device: other)
    with pytest.raises(ValueError, match=words):
        measured(given, tmp_path / "out", **keys)
    assert not (tmp_path / "out/score.json").exists()


def test_a_picture_that_is_not_finite_names_its_latent(inputs, tmp_path, monkeypatch):
    def broken(trained, latents, psi, noise):
        return torch.where(latents[:, :1, None, None] == 9, torch.nan, 0.0).expand(-1, 3, 16, 16)

    monkeypatch.setattr(generated, "make", broken)
    with pytest.raises(FloatingPointError, match="latent 9 "):
        measured(inputs, tmp_path / "out")


def test_eight_bits_are_rounded_and_the_middle_is_128():
    """Spec §7.35."""
    values = torch.tensor([-1.0, 0.0, 1.0, -3.0, 3.0]).view(1, 1, 1, 5).expand(1, 3, 1, 5)
    assert from_tensor(values)[0, 0, :, 0].tolist() == [0, 128, 255, 0, 255]


def test_a_model_is_called_by_what_it_was_trained_with():
    gan = {"method": "gan", "block": {"scales": "1", "contrastive": False}}
    assert quality.run_of(gan) == "s1_off"
    assert quality.run_of(gan | {"block": {"scales": "1-8", "contrastive": True}}) == "s1_8_on"
    assert quality.run_of({"method": "insgen", "block": {}}) == "insgen"
