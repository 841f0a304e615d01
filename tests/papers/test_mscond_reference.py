"""The real side: rows, moments against numpy, a drawn order, and what is absent for want of crops or of a detector."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stages.data.prepared.order import digest
from stages.data.prepared.packed import Packed
from stages.metrics.crops import box_to_crop
from stages.metrics.features import images_to_features
from stages.metrics.frechet import features_to_distance
from stages.metrics.scorer import load_scorer
from stages.papers.mscond import reference
from stages.papers.mscond.looking import detected
from stages.teachers.detectors.scenes import Detection, open_detector
from tests.papers.mscond_scored import (
    HELD,
    SIDE,
    TRAIN,
    cars_in,
    detector,
    left_out,
    reference_block,
    row_of,
    store,
)  # fmt: skip
from tests.parts.interrupted import going


def measured(inputs: dict[str, Path], out: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    out.mkdir()
    reference.measure(reference_block(**changes), inputs, out, "cpu", going(out))
    with np.load(out / "moments.npz") as arrays:
        return json.loads((out / "score.json").read_text()), dict(arrays)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    return store(tmp_path_factory.mktemp("store"))


def test_every_measure_is_there_or_says_why_not_and_the_bytes_are_the_same_again(inputs, tmp_path):
    score, arrays = measured(inputs, tmp_path / "one")
    assert [(row["method"], row["metric"], row["unit"], row["n"]) for row in score["values"]] == [
        ("halves", "FD-demo", "1", TRAIN // 2),
        ("real", "detections_car", "1/image", TRAIN), ("halves", "FD-demo object car", "1", 12),
        ("real", "detections_person", "1/image", TRAIN),
    ]  # fmt: skip
    assert score["absent"] == {"FD-demo object person": "10 crops in 40 real pictures, 24 are compared in halves"}
    assert score["counts"] == {
        "images": 40,
        "detected_images": 40,
        "objects": {"car": cars_in(range(40)), "person": 10},
    }
    assert row_of(score, "real", "detections_car")["value"] == pytest.approx(cars_in(range(40)) / 40)
    assert (score["run"], score["data"], score["seed"], score["scorer"]) == ("reference", "city_scenes", 0, "FD-demo")
    assert score["pictures"] == {"size_px": SIDE, "crop": "center", "filter": "lanczos", "real_split": "train"}
    assert sorted(arrays) == [
        f"{name}_{part}" for name in ("object_car", "scene") for part in ("count", "covariance", "mean")
    ]
    assert all(array.dtype == np.float64 for array in arrays.values())
    measured(inputs, tmp_path / "two")
    for name in ("score.json", "moments.npz"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["moments.npz", "score.json"]


def test_scene_moments_are_numpys_of_the_training_split_alone(inputs, tmp_path):
    score, arrays = measured(inputs, tmp_path / "out", batch=7)
    data, network = Packed.open(inputs["data"]), load_scorer(inputs["scorer"])
    features = images_to_features(network.encode, data.images[HELD:], 40).double().numpy()
    np.testing.assert_allclose(arrays["scene_mean"], features.mean(0), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(arrays["scene_covariance"], np.cov(features.T), rtol=1e-4, atol=1e-9)
    assert arrays["scene_count"] == TRAIN
    halves = [images_to_features(network.encode, data.images[HELD + half :: 2], 40) for half in (0, 1)]
    assert row_of(score, "halves", "FD-demo")["value"] == pytest.approx(features_to_distance(*halves), rel=1e-3)


def test_crops_are_the_first_of_pictures_in_a_drawn_order_and_the_next_ones_make_the_other_half(inputs, tmp_path):
    score, arrays = measured(inputs, tmp_path / "out")
    data, network, found = Packed.open(inputs["data"]), load_scorer(inputs["scorer"]), open_detector(inputs["detector"])
    order = np.random.Generator(np.random.PCG64(digest(0, "real pictures"))).permutation(np.arange(HELD, HELD + TRAIN))
    crops = [
        box_to_crop(data.images[place], np.array(one.box), 16)
        for place in order for one in found.detect(data.images[[place]])[0] if one.category == "car"
    ]  # fmt: skip
    features = images_to_features(network.encode, np.stack(crops), 64)
    np.testing.assert_allclose(arrays["object_car_mean"], features[:12].double().mean(0).numpy(), rtol=1e-5)
    assert arrays["object_car_count"] == 12
    expected = features_to_distance(features[:12], features[12:24])
    assert row_of(score, "halves", "FD-demo object car")["value"] == pytest.approx(expected, rel=1e-3)


def test_no_more_pictures_are_searched_than_the_key_says(inputs, tmp_path):
    score, _ = measured(inputs, tmp_path / "out", objects_images=9)
    assert score["counts"]["detected_images"] == 9 == row_of(score, "real", "detections_car")["n"]
    assert 9 <= score["counts"]["objects"]["car"] < cars_in(range(40)) and score["counts"]["images"] == 40


def test_a_blind_detector_gives_no_distance_but_says_how_many_it_saw(inputs, tmp_path):
    blind = inputs | {"detector": detector(tmp_path / "blind", {"car": ((100.0, 101.0),)})}
    score, arrays = measured(blind, tmp_path / "out")
    assert score["absent"] == {
        f"FD-demo object {one}": "0 crops in 40 real pictures, 24 are compared in halves" for one in ("car", "person")
    }
    assert [row_of(score, "real", f"detections_{one}")["value"] for one in ("car", "person")] == [0.0, 0.0]
    assert sorted(arrays) == ["scene_count", "scene_covariance", "scene_mean"]


def test_a_detector_that_the_profile_leaves_out_is_the_reason(inputs, tmp_path):
    score, arrays = measured(inputs | {"detector": left_out(tmp_path / "left")}, tmp_path / "out")
    reason = "no detector: enabled: false in this profile"
    metrics = ("FD-demo object car", "FD-demo object person", "detections_car", "detections_person")
    assert score["absent"] == dict.fromkeys(metrics, reason) and score["detector"] is None
    assert [row["metric"] for row in score["values"]] == ["FD-demo"] and len(arrays) == 3


def test_what_counts_as_an_object_is_what_the_keys_say():
    """Threshold, least side and how many of a picture; the detector sees no more pictures at once than it may."""
    seen: list[int] = []

    def detect(images: np.ndarray) -> list[list[Detection]]:
        seen.append(len(images))
        sure = [Detection("car", (place, 0.0, place + 3.0, 4.0), 0.9) for place in (0.0, 4.0, 8.0)]
        return [[Detection("car", (0.0, 8.0, 9.0, 16.0), 0.69), Detection("car", (0, 0, 2.9, 4), 1.0), *sure]] * len(
            images
        )

    looker: Any = SimpleNamespace(detect=detect)
    block = reference_block(threshold=0.7, minimum_side_px=3.0, objects_per_image=2, detector_batch=2)
    found = detected(looker, np.zeros((5, 16, 16, 3), np.uint8), block)
    assert seen == [2, 2, 1] and len(found) == 5
    assert [kept["car"].boxes[:, 0].tolist() for kept in found] == [[0.0, 4.0]] * 5
    assert [kept["car"].scores.tolist() for kept in found] == [[0.9, 0.9]] * 5
    assert all(len(kept["person"].boxes) == 0 for kept in found)
