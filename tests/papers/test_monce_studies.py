"""MoNCE's studies: supports of layers, errors of the iterations, similarities and the weights that come of them."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.papers.monce import receptive, similarity, transport
from tests.contract.prepared import block_of
from tests.papers.monce_blocks import fresh_vgg
from tests.papers.monce_made import animals, scenes, trained


def measured(module, name: str, inputs: dict[str, Path], out: Path, profile: str = "smoke", **changes) -> dict:
    """The study's score with the parameters of a profile, some of them replaced."""
    held = ["monce.measured.base", f"monce.{name}.base", f"monce.measured.profile.{profile}"]
    held += [f"monce.{name}.profile.{profile}"] if name != "receptive" else []
    block = block_of(module.__name__, *held)
    out.mkdir()
    block = type(block).model_validate(block.model_dump() | changes, strict=False)
    module.measure(block, inputs, out, "cpu", lambda *words: None)
    return json.loads((out / "score.json").read_text())


@pytest.mark.parametrize("profile", ["smoke", "paper"])
def test_layers_see_what_the_text_says_and_without_blur_something_else(tmp_path, profile):
    score = measured(receptive, "receptive", {}, tmp_path / "out", profile)
    assert score["layers"] == [0, 4, 8, 12, 16] and score["side_px"] == 256
    for way in ("supports", "closed_form"):
        assert score["blurred"][way] == [1, 9, 15, 35, 99]
        assert score["control"][way] == [1, 9, 13, 29, 93]


def test_errors_fall_with_the_iterations_and_the_reference_has_none(tmp_path):
    keys = {"iterations": (1, 5, 20, 1000), "reference": 1000, "betas": (0.1, 0.5), "positions": (16, 32)}
    score = measured(transport, "transport", {}, tmp_path / "out", **keys)
    assert len(score["rows"]) == 2 * 2 * 2 * 3 * 4
    cases: dict = {}
    for row in score["rows"]:
        cases.setdefault((row["positions"], row["beta"], row["favour"], row["gradient"]), []).append(row)
    for (_, _, _, gradient), rows in cases.items():
        assert [row["iterations"] for row in rows] == [1, 5, 20, 1000]
        for error in ("loss_error", "row_error", *(["gradient_error"] if gradient != "detach" else [])):
            found = [row[error] for row in rows]
            assert found[0] > 1e-6 and all(left >= right - 1e-13 for left, right in pairwise(found))
        last = rows[-1]
        assert last["iterations"] == score["reference"]
        assert last["loss_error"] == 0 and last["gradient_error"] == 0 if gradient == "unroll" else True
        assert gradient != "implicit" or last["gradient_error"] < 1e-9
        assert gradient != "detach" or last["gradient_error"] > 1e-3


def test_fewer_than_three_positions_have_weights_that_nothing_can_change(tmp_path):
    score = measured(transport, "transport", {}, tmp_path / "out", positions=(2,), clusters=1)
    assert all(row[error] < 1e-12 for row in score["rows"] for error in ("loss_error", "row_error"))


@pytest.fixture(scope="module")
def inputs(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("similar")
    return {
        "model": trained(folder / "model"), "data": animals(folder / "horses"),
        "paired": trained(folder / "paired", "spade"), "photos": scenes(folder / "rooms"),
        "features": fresh_vgg(folder / "vgg"),
    }  # fmt: skip


def test_similarities_are_counted_and_transport_makes_columns_one(inputs, tmp_path):
    score = measured(similarity, "similarity", inputs, tmp_path / "one")
    held = {(one["encoder"], one["layer"]): one for one in score["histograms"]}
    assert list(held) == [("generator", layer) for layer in ("4", "8", "12")] + [
        ("vgg_small", layer) for layer in ("relu2_2", "relu3_2", "relu4_2")
    ]
    for (encoder, _), one in held.items():
        count = sum(one["positive"])
        assert count == score["images"] * (count // score["images"]) and len(one["positive"]) == len(score["edges"]) - 1
        assert sum(one["negative"]) == count * (count // score["images"] - 1)
        assert 0 <= one["overlap"] <= 1
        if encoder == "vgg_small":
            assert one["negative_mean"] > 0, "rectified features have no negative similarity"
    plan = score["plan"]
    weights = {mode: np.load(tmp_path / "one" / f"plan_{mode}.npy") for mode in ("weight", "monce")}
    assert np.allclose(plan["column_sums"]["monce"], 1, atol=1e-9) and plan["row_error"]["weight"] < 1e-9
    assert np.abs(np.array(plan["column_sums"]["weight"]) - 1).max() > 1e-4
    for mode, one in weights.items():
        assert one.dtype == np.float32 and one.shape == (16, 16) and not one.diagonal().any()
        assert np.allclose(one.sum(0), plan["column_sums"][mode], atol=1e-5)
    assert plan["key"] == "testA/00" and (plan["favour"], plan["beta"]) == ("hard", 0.1)
    again = measured(similarity, "similarity", inputs, tmp_path / "two")
    assert again == score


def test_the_same_positions_of_equal_features_are_one(inputs):
    features = torch.rand(2, 5, 4, generator=torch.Generator().manual_seed(0))
    from stages.losses.patch_nce import similarities

    found = similarity.histogram(similarities(features, features), np.linspace(-1, 1, 11))
    assert found["positive"] == [0] * 9 + [10] and found["positive_mean"] == pytest.approx(1, abs=1e-6)
    assert sum(found["negative"]) == 40 and found["negative_mean"] < 1


def test_models_of_other_methods_and_layers_that_none_was_trained_on_are_refused(inputs, tmp_path):
    swapped = inputs | {"model": inputs["paired"]}
    with pytest.raises(ValueError, match="expected a model of contrast on horses, came spade on rooms"):
        measured(similarity, "similarity", swapped, tmp_path / "a")
    with pytest.raises(ValueError, match=r"keys layers, plan_layer\), came \[5\]"):
        measured(similarity, "similarity", inputs, tmp_path / "b", layers=(4, 5))
