"""Clusters of OneGAN's encoders against labels and colours: counted by hand, and what must not matter."""

import numpy as np
import pytest

from stages.papers.onegan.grouping import measure_groups
from stages.papers.onegan.passes import Encoded
from tests.papers.onegan_made import CLASSES
from tests.papers.onegan_scored import TEST, numbers, pack, quality_block, said, scores

LABELS = np.arange(TEST) % CLASSES


def seen(child: np.ndarray, parent: np.ndarray | None = None) -> Encoded:
    parents = child // 2 if parent is None else parent
    return Encoded(np.eye(CLASSES)[child], child, parents, np.zeros((len(child), 2)))


def measured(folder, child, parent=None, **columns):
    found, data = scores(), pack(folder / "data", **columns)
    measure_groups(quality_block(permutations=20), data, seen(np.asarray(child), parent), 6, 3, found)
    return found


def test_the_right_clusters_score_one_and_chance_scores_less(tmp_path):
    found = measured(tmp_path, LABELS)
    ours, chance = numbers(found), numbers(found, "permuted")
    for metric in ("ACC", "NMI", "NMI_max", "NMI_label"):
        assert ours[metric] == pytest.approx(1) and chance[metric] < 0.8
    # every colour is known here, so that the labels beside the colours are all labels
    assert chance["NMI_label"] == pytest.approx(chance["NMI"]) and chance["NMI_label"] != chance["NMI_colour"]
    # labels 0..3 twice each; parents hold 0, 1 and 2, 3: half of each is its commonest label; I = ln 2 of ln 2 and ln 4
    assert ours["purity_parent"] == 0.5 and ours["NMI_parent"] == pytest.approx(2 / 3)
    # a label's parity is its colour: I = H(colour) = ln 2 of ln 2 and ln 4
    assert ours["NMI_colour"] == pytest.approx(2 / 3)
    assert (ours["clusters"], ours["empty_clusters"]) == (4, 2)
    assert said(found, "ACC", "permuted")["protocol"]["permutations"] == 20 and said(found, "ACC")["n"] == TEST


def test_other_names_of_clusters_change_nothing(tmp_path):
    child = np.array([0, 1, 1, 3, 0, 2, 2, 3])
    one = measured(tmp_path / "one", child)
    two = measured(tmp_path / "two", np.array([2, 0, 3, 1])[child], child // 2)
    for method in ("onegan", "permuted"):
        left, right = numbers(one, method), numbers(two, method)
        assert left.keys() == right.keys() and len(left) >= 5
        for metric, value in left.items():
            assert right[metric] == pytest.approx(value, abs=1e-9), metric


def test_one_cluster_is_what_chance_makes_of_it_too(tmp_path):
    found = measured(tmp_path, np.zeros(TEST, int))
    assert numbers(found)["ACC"] == numbers(found, "permuted")["ACC"] == 1 / CLASSES
    assert numbers(found)["NMI"] == 0 and numbers(found)["empty_clusters"] == 5


def test_photos_without_colour_or_label_are_left_out_and_said(tmp_path):
    every = np.arange(TEST + 16) % CLASSES
    colour = np.where(np.arange(len(every)) < 4, -1, every % 2)
    found = measured(tmp_path / "some", LABELS, colour=colour)
    assert said(found, "NMI_colour")["n"] == said(found, "NMI_label")["n"] == TEST - 4
    assert said(found, "NMI_colour", "permuted")["n"] == TEST - 4 and said(found, "ACC", "permuted")["n"] == TEST
    bare = measured(tmp_path / "bare", LABELS, colour=np.full(len(every), -1))
    assert "NMI_colour" not in numbers(bare) and "colour groups" in bare.absent["NMI_colour"]
    label = np.where(np.arange(len(every)) < 2, -1, every)
    assert said(measured(tmp_path / "few", LABELS, label=label), "ACC")["n"] == TEST - 2
    none = measured(tmp_path / "none", LABELS, label=np.where(np.arange(len(every)) < TEST, -1, every))
    assert set(numbers(none)) == {"clusters", "empty_clusters"} and none.absent["ACC"] == "no test photo has a label"
