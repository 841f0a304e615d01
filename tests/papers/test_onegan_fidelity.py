"""Nearness of generated pictures and what they keep of their reference: zeros where nothing differs, grids by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from stages.data.image import to_tensor
from stages.data.prepared.packed import Packed
from stages.metrics.frechet import features_to_distance
from stages.papers.onegan import agreeing, fidelity
from stages.papers.onegan.judging import Looks
from stages.papers.onegan.passes import Encoded
from tests.papers.onegan_made import CLASSES, SIDE, tiles_pack
from tests.papers.onegan_scored import TEST, TRAIN, fresh_scorer, layers, numbers, pack, quality_block, said, scores
from tests.parts.interrupted import going

LABELS = np.arange(TEST + TRAIN) % CLASSES
SURE = quality_block(probe_penalty=0.01)
TRAINED: Any = SimpleNamespace(
    block=SimpleNamespace(train_splits=("train",), children=CLASSES, parents=2, pose=3),
    model=SimpleNamespace(
        keys=SimpleNamespace(children=CLASSES, parents=2, pose=3),
        child_encoder=lambda image: SimpleNamespace(logits=torch.eye(CLASSES)[[1] * len(image)]),
    ),
    judges=SimpleNamespace(
        child=lambda image: SimpleNamespace(hidden=image),
        child_head=lambda hidden: torch.eye(CLASSES)[[2] * len(hidden)],
    ),
)  # fmt: skip


def opened(tmp_path, **columns) -> Looks:
    return Looks(fresh_scorer(tmp_path / "scorer"), pack(tmp_path / "data", **columns), SURE, "cpu")


def seen() -> Encoded:
    return Encoded(np.eye(CLASSES)[LABELS], LABELS, LABELS // 2, np.zeros((len(LABELS), 2)))


def photos_of(data: Packed, turn: int = 0):
    """A stand-in for generation: class c is shown by training photos of class c + turn, in turns, whatever z."""
    held = {child: data.positions("train")[(np.arange(TRAIN) % CLASSES) == child] for child in range(CLASSES)}

    def made(model, child, parent, pose, batch, device, first=0):
        shown = [held[(one + turn) % CLASSES][place // CLASSES % 4] for place, one in enumerate(child.tolist(), first)]
        for start in range(0, len(child), batch):
            image = to_tensor(data.images[shown[start : start + batch]])
            yield layers(image, torch.full((len(image), 1, SIDE, SIDE), 0.5))

    return made


def test_generations_that_are_the_real_photos_have_no_distance(tmp_path, monkeypatch):
    looks, found = opened(tmp_path), scores()
    monkeypatch.setattr(fidelity, "generated", photos_of(looks.data))
    block = quality_block(images_per_child=4, splits=1)
    fidelity.measure_fidelity(block, TRAINED, looks, seen(), found, going(tmp_path / "out"))
    ours = numbers(found)
    for metric in ("FD-demo", "WCFD-demo", "BCFD-demo"):
        assert ours[metric] == pytest.approx(0, abs=1e-5)
    photos = looks.features[looks.data.positions("train")]
    apart = features_to_distance(photos[0::2], photos[1::2])
    assert numbers(found, "halves")["FD-demo"] == pytest.approx(apart) and apart > 1e-4
    assert said(found, "FD-demo", "halves")["n"] == TRAIN / 2
    # the judge knows the training photos: four classes, hardly any doubt
    assert 3 < ours["IS-probe"] <= 4 and ours["BCIS-probe"] > 3 and 1 <= ours["WCIS-probe"] < 1.3
    row = said(found, "FD-demo")
    assert row["n"] == 4 * CLASSES and row["protocol"]["reals"] == TRAIN and row["protocol"]["real_split"] == "train"
    assert row["protocol"]["crop"].startswith("1.6 x")
    assert said(found, "IS-probe", "real")["n"] == TEST


def test_classes_that_changed_places_are_far_within_and_near_between(tmp_path, monkeypatch):
    """Class c looks as c + 1: the means of classes are the same set, and every class is far from its own."""
    looks = opened(tmp_path)
    rows = {}
    for turn in (0, 1):
        rows[turn] = scores()
        monkeypatch.setattr(fidelity, "generated", photos_of(looks.data, turn))
        block, kept = quality_block(images_per_child=4, splits=1), going(tmp_path / str(turn))
        fidelity.measure_fidelity(block, TRAINED, looks, seen(), rows[turn], kept)
    same, moved = numbers(rows[0]), numbers(rows[1])
    assert moved["FD-demo"] == pytest.approx(same["FD-demo"], abs=1e-5)
    assert moved["WCFD-demo"] > 100 * max(same["WCFD-demo"], 1e-6)
    assert moved["IS-probe"] == pytest.approx(same["IS-probe"])


def test_painted_backgrounds_that_are_the_tiles_have_no_distance(tmp_path):
    looks, found = opened(tmp_path), scores()
    tiles = Packed.open(tiles_pack(tmp_path / "tiles"))
    fidelity.measure_background(looks, np.asarray(tiles.images), tiles, found)
    assert numbers(found)["FD-demo background"] == pytest.approx(0, abs=1e-5)
    assert numbers(found, "halves")["FD-demo background"] > 0
    other = scores()
    fidelity.measure_background(looks, 255 - np.asarray(tiles.images), tiles, other)
    assert numbers(other)["FD-demo background"] > numbers(found, "halves")["FD-demo background"]


@pytest.mark.parametrize("turn", [0, 1])
def test_agreement_is_with_the_references_own_label(tmp_path, monkeypatch, turn):
    looks, found = opened(tmp_path), scores()
    monkeypatch.setattr(agreeing, "generated", photos_of(looks.data, turn))
    monkeypatch.setattr(agreeing, "z_ratio", lambda *words: None)
    agreeing.measure_agreement(quality_block(references=TEST), TRAINED, looks, seen(), found)
    ours = numbers(found)
    assert ours["class_agreement"] == (1 if turn == 0 else 0)
    assert said(found, "class_agreement")["n"] == 2 * TEST
    assert said(found, "class_agreement")["protocol"]["chance"] == pytest.approx(1 / CLASSES)
    # E_c always says 1 and D_c's head 2, each the class of a quarter of the references
    assert ours["self_agreement_encoder"] == ours["self_agreement_judge"] == 1 / CLASSES
    assert ours["mask_variance_row"] == ours["mask_variance_column"] == 0
    assert "changes no pixel" in found.absent["z_ratio"]


def test_masks_that_follow_z_vary_in_columns_and_not_in_rows(tmp_path, monkeypatch):
    looks, found = opened(tmp_path), scores()

    def made(model, child, parent, pose, batch, device):
        places = torch.arange(len(child)) // TEST  # the row
        yield layers(torch.zeros(len(child), 3, SIDE, SIDE), places.view(-1, 1, 1, 1).expand(-1, 1, SIDE, SIDE).float())

    monkeypatch.setattr(agreeing, "generated", made)
    monkeypatch.setattr(agreeing, "z_ratio", lambda *words: 0.5)
    agreeing.measure_agreement(quality_block(references=TEST), TRAINED, looks, seen(), found)
    # two rows of masks 0 and 1: their variance is 1/2
    assert numbers(found)["mask_variance_row"] == 0 and numbers(found)["mask_variance_column"] == pytest.approx(0.5)
    assert numbers(found)["z_ratio"] == 0.5


def test_the_ratio_of_z_by_hand(monkeypatch):
    """I = .3 child + .6 row: two rows differ by .6, children of a parent (0, 1 and 2, 3) by .3."""
    rows = {}

    def made(model, child, parent, pose, batch, device):
        row = rows.setdefault(float(pose[0, 0]), len(rows))
        assert parent.tolist() == [0, 0, 1, 1]
        value = torch.from_numpy(0.3 * child + 0.6 * row).float()
        yield layers(value.view(-1, 1, 1, 1).expand(-1, 3, 4, 4))

    monkeypatch.setattr(agreeing, "generated", made)
    assert agreeing.z_ratio(TRAINED.model, 2, 0, 8, "cpu") == pytest.approx(2)
    monkeypatch.setattr(agreeing, "generated", lambda *words: iter([layers(torch.zeros(4, 3, 4, 4))]))
    assert agreeing.z_ratio(TRAINED.model, 2, 0, 8, "cpu") is None


def test_children_beside_those_of_their_parent():
    first, second = agreeing.siblings(7, 3)  # parents 0 0 0 1 1 2 2
    assert first.tolist() == list(range(7)) and second.tolist() == [1, 2, 0, 4, 3, 6, 5]
    first, second = agreeing.siblings(3, 2)  # parents 0 0 1: the last has no sibling
    assert first.tolist() == [0, 1] and second.tolist() == [1, 0]


def test_photos_without_a_label_teach_and_judge_nothing(tmp_path):
    every = np.where(np.arange(TEST + TRAIN) < TEST, -1, LABELS)
    looks, found = opened(tmp_path, label=every), scores()
    looks.measure(found)
    assert found.rows.values == [] and found.absent == {"probe_accuracy": "no test photo has a label"}
    known = opened(tmp_path / "known")
    known.measure(found)
    row = said(found, "probe_accuracy", "real")
    assert row["n"] == TEST and row["value"] > 0.8 and row["protocol"]["chance"] == 1 / CLASSES
