"""Clusters against labels: counted by hand, by all assignments, and what must not matter."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.clusters import clusters_to_accuracy, clusters_to_information, clusters_to_purity

ids = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30)


def test_counted_by_hand():
    clusters, labels = np.array([5, 5, 5, 9, 9, 9, 9, 2]), np.array([0, 0, 1, 1, 1, 1, 0, 1])
    # 5 -> 0 has two, 9 -> 1 has three, 2 is left over: 5 of 8; the commonest of each: 2 + 3 + 1
    assert clusters_to_accuracy(clusters, labels) == 5 / 8
    assert clusters_to_purity(clusters, labels) == 6 / 8


def test_information_of_two_by_two_by_hand():
    # of four items three agree: H(c) = ln 2, H(y) = ln 4 - 3/4 ln 3, I = H(y) - 1/2 ln 2
    clusters, labels = np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0])
    entropy = np.log(4) - 0.75 * np.log(3)
    shared = entropy - 0.5 * np.log(2)
    assert clusters_to_information(clusters, labels) == pytest.approx(shared / ((np.log(2) + entropy) / 2))
    assert clusters_to_information(clusters, labels, "max") == pytest.approx(shared / np.log(2))


def test_one_cluster_has_the_largest_class_and_no_information():
    labels = np.array([0, 0, 0, 1, 2])
    assert clusters_to_accuracy(np.full(5, 7), labels) == clusters_to_purity(np.full(5, 7), labels) == 3 / 5
    assert clusters_to_information(np.full(5, 7), labels) == 0


def test_the_right_clusters_score_one():
    labels = np.array([3, 3, 1, 0, 1, 0])
    clusters = np.array([0, 0, 8, 4, 8, 4])
    for score in (clusters_to_accuracy, clusters_to_information, clusters_to_purity):
        assert score(clusters, labels) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(ids, st.permutations(range(4)))
def test_the_names_of_clusters_do_not_matter_and_no_assignment_is_better(pairs, names):
    clusters, labels = np.array(pairs).T
    renamed = np.array(names)[clusters]
    for score in (clusters_to_accuracy, clusters_to_information, clusters_to_purity):
        assert score(renamed, labels) == pytest.approx(score(clusters, labels), abs=1e-12)
    best = max((np.array(a)[clusters] == labels).mean() for a in permutations(range(4)))
    assert clusters_to_accuracy(clusters, labels) == pytest.approx(best)
    assert clusters_to_purity(clusters, labels) >= best - 1e-12


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="a cluster and a label of each item"):
        clusters_to_accuracy(np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="a cluster and a label of each item"):
        clusters_to_information(np.zeros(0), np.zeros(0))
