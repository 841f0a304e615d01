"""What each code moves: angles on grids, losses at the end beside chance, teachers' accuracy, and the words of C3."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stages.data.prepared.packed import Packed
from stages.engine.loop import train
from stages.engine.session import Session
from stages.engine.world import World
from stages.papers.contrasfill import varied
from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.rules import code_that_moved
from stages.papers.contrasfill.sampled import read_samples
from tests.papers import claim_scores, contrasfill_toys, made_samples


class Turned:
    """Features at as many degrees as the filling's second colour says: 3 for each number of a sample."""

    def __init__(self):
        held_out = {"images": 40, "accuracy": 0.9, "nearest_accuracy": 0.95}
        self.facts = {"architecture": "turned", "held_out": held_out}

    def encode(self, images):
        turn = torch.deg2rad((images[:, 1, 6, 8] + 1) * 127.5)
        return torch.stack([turn.cos(), turn.sin()], 1)


@pytest.fixture
def grid(tmp_path):
    data = made_samples.packed(tmp_path / "data", "face")
    return made_samples.samples(tmp_path / "grid", data, hole="object", images=2, per_image=4, codes=2)


def test_angles_of_a_grid_by_hand(grid, monkeypatch):
    """Sample 2 row + column: one column on is 3 degrees, one row on 6."""
    monkeypatch.setattr("stages.metrics.scorer.encoder_to_protocol", lambda held: {"extractor": "turned"})
    own = varied.Seeing(Turned().encode, {"extractor": "unknown_encoder"}, alone=True)
    monkeypatch.setattr(varied, "unknown_encoder", lambda *_: own)
    data = Packed.open(grid.parent / "data")
    values = varied.grid_values(read_samples(grid), data, {"known": Turned()}, grid, 64, "cpu", {"hole": "object"})
    held = {value["metric"]: value["value"] for value in values}
    expected = {
        "angle_known_between_columns": 3.0, "angle_known_between_rows": 6.0, "score_known": -3.0,
        "angle_unknown_between_columns": 3.0, "angle_unknown_between_rows": 6.0, "score_unknown": 3.0,
    }  # fmt: skip
    assert held == pytest.approx(expected, abs=1e-3)
    assert all(value["protocol"]["grid"] == "2 x 2 codes an image" and value["n"] == 2 for value in values)


def test_samples_with_codes_of_their_own_are_no_grids(tmp_path):
    data = made_samples.packed(tmp_path / "data", "face")
    own = made_samples.samples(tmp_path / "own", data, hole="object", images=2, per_image=4)
    with pytest.raises(ValueError, match="came samples with codes of their own"):
        varied.grid_values(read_samples(own), Packed.open(data), {}, own, 64, "cpu", {})


def test_a_loss_is_the_mean_over_the_last_tenth_of_the_steps():
    lines = [f"{step},{16 * step},G/stat/known_loss,{step / 10}" for step in range(10, 201, 10)]
    lines += ["200,3200,G/known,99", "200,3200,G/stat/known_hard,99"]
    assert varied.curve_to_losses("\n".join(["step,images,term,value", *lines])) == {"known": pytest.approx(19.5)}


@pytest.mark.parametrize(
    ("changes", "among"),
    [
        ({"codes_per_space": 8}, 15),  # one partner, 14 others
        ({"codes_per_space": 8, "subsample": "blocks"}, 15),
        ({"codes_per_space": 4, "subsample": "full"}, 13),  # against each of three partners 12 others
        ({"codes_per_space": 4, "subsample": "full", "denominator": "supcon"}, 15),
        ({"codes_per_space": 8, "codes": 1}, 15),  # ContrasFill-1
    ],
)
def test_chance_is_the_logarithm_of_how_many_there_are_to_choose_from(changes, among):
    block = contrasfill_toys.block("contrasfill", batch=16, **changes)
    assert varied.block_to_chance(block) == pytest.approx(math.log(among), rel=1e-6)


def test_a_trained_model_says_its_losses_and_its_teachers_accuracy(tmp_path):
    block = contrasfill_toys.block("contrasfill")
    method = contrasfill_toys.make("contrasfill", block)
    (tmp_path / "resume").mkdir()
    session = Session(World.single(), tmp_path, tmp_path / "resume", lambda: False, lambda *_: None)
    train(method, contrasfill_toys.ToySource(block.batch), block, 0, session)
    (tmp_path / "model.json").write_text(json.dumps({"block": block.model_dump(mode="json")}), encoding="utf-8")
    silent = SimpleNamespace(facts={"architecture": "a user's file", "held_out": {}})
    values = varied.trained_values({"known": Turned(), "known_indep": silent}, tmp_path, {"hole": "object"})
    held = {value["metric"]: value["value"] for value in values}
    assert [value["metric"] for value in values] == ["loss_known", "loss_unknown", "loss_chance", "accuracy_known"]
    assert held["loss_chance"] == pytest.approx(math.log(3)) and held["accuracy_known"] == 0.9
    last = [
        line for line in (tmp_path / "curve.csv").read_text(encoding="utf-8").splitlines() if "unknown_loss" in line
    ]
    assert held["loss_unknown"] == float(last[-1].split(",")[3])
    own = varied.unknown_encoder(tmp_path, "cpu")
    assert own.encode(torch.zeros(2, 3, 32, 32)).shape == (2, block.unknown_features)
    assert (own.protocol["view"], own.alone) == ("hole alone on black, 32 px", True)
    changed = {"block": block.model_dump(mode="json") | {"unknown_view": "image"}}
    (tmp_path / "model.json").write_text(json.dumps(changed), encoding="utf-8")
    own = varied.unknown_encoder(tmp_path, "cpu")
    assert (own.protocol["view"], own.alone) == ("whole image, 32 px", False)


def test_where_no_classes_are_taught_the_nearest_image_decides(tmp_path, monkeypatch):
    monkeypatch.setattr(varied, "trained_block", lambda folder: contrasfill_toys.block("contrasfill"))
    (tmp_path / "curve.csv").write_text("step,images,term,value\n1,4,G/adversarial,1\n", encoding="utf-8")
    faces = SimpleNamespace(facts={"architecture": "identity", "held_out": {"images": 9, "nearest_accuracy": 0.8}})
    values = varied.trained_values({"known": faces}, tmp_path, {})
    assert [(value["metric"], value["value"], value["n"]) for value in values[1:]] == [("accuracy_known", 0.8, 9)]


def test_an_encoder_that_sees_the_hole_alone_sees_black_around_it():
    several, holes = np.full((1, 2, 2, 2, 3), 200, np.uint8), np.array([[[0, 1], [0, 0]]], np.uint8)

    def corners(images):
        return images[:, 0].flatten(1)

    seen = varied.Seeing(corners, {}, alone=True).features(several, holes, 64, "cpu")
    assert seen.shape == (1, 2, 4) and seen[0, 1].tolist() == pytest.approx([-1, 200 / 127.5 - 1, -1, -1])
    assert varied.Seeing(corners, {}).features(several, holes, 64, "cpu")[0, 0].tolist() == pytest.approx(
        [0.56863] * 4, abs=1e-4
    )


def measured(scores: dict[str, dict]) -> Measured:
    from stages.draw.table import scores_to_cells

    return Measured({"table1": scores_to_cells(scores.values())})


def test_c3_names_the_code_that_moved(tmp_path):
    scores = claim_scores.of_group(claim_scores.all_scores(), "table1")
    said = "the known code moved E_k most on Face (40° against 10°), Bird (40° against 10°)"
    assert code_that_moved(measured(scores)) == f"{said}, Car (40° against 10°)"
    for entry in scores["score_car_0"]["values"]:
        if entry["metric"] == "angle_known_between_rows":
            entry["value"] = 60.0
    assert code_that_moved(measured(scores)) == f"{said}; the unknown code moved E_k most on Car (60° against 40°)"


def test_box_holes_and_printed_values_have_no_grid_to_tell_from():
    assert code_that_moved(Measured({"box": []})) == "" == code_that_moved(Measured({"table1": []}))
