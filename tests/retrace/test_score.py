"""Two folders of pictures, or a folder and a prepared set, measured without the graph by the graph's own measures."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.data.prepared.packed import Packed
from stages.metrics.frechet import features_to_distance
from stages.metrics.wasserstein import images_to_wasserstein
from stages.use import scoring
from stages.use.scoring import score
from tests.house.resolved import ROOT
from tests.retrace.own_models import photo, put_extractor, put_set


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def extractor(tmp_path_factory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return put_extractor(tmp_path_factory.mktemp("teacher") / "scorer")


@pytest.fixture()
def prepared(tmp_path) -> Path:
    return put_set(tmp_path / "horses")


def put(folder: Path, pictures: dict[str, np.ndarray]) -> Path:
    folder.mkdir()
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / f"{name}.png")
    return folder


def squares(count: int, first: int = 0, side: int = 32) -> dict[str, np.ndarray]:
    return {f"p{number}": photo(first + number, side, side) for number in range(count)}


def rows(content: dict) -> dict[tuple[str, str], dict]:
    return {(row["method"], row["metric"]): row for row in content["values"]}


def test_numbers_are_the_measures_own_and_say_how_they_were_taken(extractor, tmp_path):
    from stages.metrics.features import images_to_features
    from stages.metrics.perceptual import samples_to_pair_distances
    from stages.metrics.scorer import load_scorer

    ours, theirs = squares(5), squares(6, first=3)
    content = score(put(tmp_path / "a", ours), put(tmp_path / "b", theirs), extractor)
    found, scorer = rows(content), load_scorer(extractor)
    one, other = (np.stack(list(side.values())) for side in (ours, theirs))
    left, right = (images_to_features(scorer.encode, images, 32) for images in (one, other))
    distance = found["folder", "FD-demo"]
    assert distance["value"] == pytest.approx(features_to_distance(left, right), rel=1e-6)
    halves = found["halves", "FD-demo"]
    assert halves["value"] == pytest.approx(features_to_distance(right[::2], right[1::2]), rel=1e-6)
    sliced = images_to_wasserstein(one, other[np.arange(5) * 6 // 5], 0).mean
    assert found["folder", "SWD"]["value"] == pytest.approx(sliced)
    import torch

    from stages.data.image import to_tensor

    pairs = [
        float(samples_to_pair_distances(
            scorer.perceptor, to_tensor(np.stack([ours[name], theirs[name]])), torch.ones(32, 32)
        ).whole)
        for name in ours
    ]  # fmt: skip
    assert found["folder", "PD-demo"]["value"] == pytest.approx(np.mean(pairs)) and found["folder", "PD-demo"]["n"] == 5
    assert (distance["n"], distance["protocol"]["against"], distance["protocol"]["dimension"]) == (5, 6, left.shape[1])
    assert distance["protocol"]["extractor_sha256"] == scorer.fidelity_protocol["extractor_sha256"]
    assert "singular covariance" in distance["protocol"]["warning"]
    assert content["folder"] | {"sha256": ""} == {
        "folder": "a", "sha256": "", "pictures": 5, "size_px": 32, "resize": "none: all are squares of one size",
    }  # fmt: skip
    assert not {"FID", "LPIPS"} & {metric for _, metric in found}, "no network of ours gives a published number"


def test_pairs_are_of_one_name_wherever_they_stand(extractor, tmp_path):
    """A folder whose second half is the other's first: those two pictures have no distance, the rest no partner."""
    ours, theirs = squares(4), squares(4)
    content = score(
        put(tmp_path / "a", {"x1": ours["p2"], "x2": ours["p3"], "p0": ours["p0"], "p1": ours["p1"]}),
        put(tmp_path / "b", {"a0": theirs["p2"], "p0": theirs["p0"], "p1": theirs["p1"]}), extractor,
    )  # fmt: skip
    found = rows(content)["folder", "PD-demo"]
    assert found["n"] == 2 and found["value"] == pytest.approx(0, abs=1e-9)


def test_a_folder_against_a_prepared_set(extractor, prepared, tmp_path):
    data = Packed.open(prepared)
    own = {data.keys[place].replace("/", "_"): data.images[place] for place in data.positions("testA")}
    content = score(put(tmp_path / "a", own), prepared, extractor, split="testA")
    assert rows(content)["folder", "FD-demo"]["value"] == pytest.approx(0, abs=1e-3)
    assert rows(content)["folder", "SWD"]["value"] == pytest.approx(0, abs=1e-9)
    assert content["against"]["set"] == "horses" and content["against"]["split"] == "testA"
    assert content["absent"] == {"PD-demo": scoring.NO_PAIRS}
    with pytest.raises(ValueError, match="came the splits"):
        score(tmp_path / "a", prepared, extractor, split="nonsense")


def test_sizes_are_brought_together_only_where_it_is_asked(extractor, tmp_path):
    big, small = put(tmp_path / "big", squares(4, side=48)), put(tmp_path / "small", squares(4, first=2))
    with pytest.raises(ValueError, match=r"48 px, .*32 px: name one side for both with --size"):
        score(big, small, extractor)
    mixed = put(tmp_path / "mixed", {"a": photo(0, 48, 32), **squares(3)})
    with pytest.raises(ValueError, match=r"expected squares of one size, came a\.png of 48 x 32 px"):
        score(mixed, small, extractor)
    content = score(big, mixed, extractor, size=24)
    assert content["folder"]["size_px"] == content["against"]["size_px"] == 24
    assert content["folder"]["resize"] == "the middle square, Lanczos, to 24 px"


def test_too_few_pictures_and_strangers_are_refused(extractor, tmp_path):
    one, some = put(tmp_path / "one", squares(1)), put(tmp_path / "some", squares(3))
    with pytest.raises(ValueError, match="at least two pictures"):
        score(one, some, extractor)
    with pytest.raises(ValueError, match="came a folder without one: nobody vouches"):
        score(some, some, some)
    content = score(some, put(tmp_path / "b", squares(3, first=1)), extractor)
    assert content["absent"] == {"FD-demo of halves": scoring.NOT_ENOUGH}


def test_the_command_prints_the_protocol(extractor, prepared, tmp_path):
    words = ["score", put(tmp_path / "a", squares(5)), "--against", prepared, "--extractor", extractor]
    command = [sys.executable, "-m", "stages.retrace.main", *map(str, words)]
    done = subprocess.run([*command, "--split", "testB"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    for word in ("FD-demo", "SWD", "extractor_sha256", "resize none", "no evidence", "split testB", "not measured"):
        assert word in done.stdout
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and json.loads(done.stdout)["values"], done.stderr
