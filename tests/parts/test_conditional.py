"""Conditional scores: closed forms, the identities of their splits, and torch-fidelity as a second opinion."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

from stages.metrics.conditional import gaussian_distance, inception_score, split_distance, split_score


def test_constant_predictions_score_one_and_even_certain_ones_their_number():
    assert inception_score(np.tile([0.2, 0.3, 0.5], (7, 1))) == pytest.approx(1)
    assert inception_score(np.tile(np.eye(4), (3, 1))) == pytest.approx(4)
    # two of three certain for one class: exp of the entropy of (2/3, 1/3)
    assert inception_score(np.eye(2)[[0, 0, 1]]) == pytest.approx(3 / 2 ** (2 / 3))


def test_what_differs_between_classes_and_within():
    certain = np.eye(2)[[0, 0, 1, 1]]
    assert split_score(certain, np.array([5, 5, 8, 8])) == pytest.approx((2, 2, 1))
    assert split_score(certain, np.array([5, 8, 5, 8])) == pytest.approx((2, 1, 2))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 5), st.integers(2, 6))
def test_the_score_is_the_product_of_its_parts(seed, classes, labels):
    draw = np.random.default_rng(seed)
    rows = draw.dirichlet(np.full(labels, 0.3), size=24)
    found = split_score(rows, draw.integers(0, classes, 24))
    assert found.total == pytest.approx(found.between * found.within, abs=1e-8)
    assert found.between >= 1 - 1e-9 and found.within >= 1 - 1e-9


def test_distances_in_closed_form():
    """1-D: (m1 - m2)^2 + (s1 - s2)^2; equal covariances: the squared distance of means."""
    left = np.array([[-1.0], [1.0]])
    assert gaussian_distance(left, left) == pytest.approx(0, abs=1e-12)
    assert gaussian_distance(left, 2 * left) == pytest.approx(1)
    assert gaussian_distance(left, 3 * left + 5) == pytest.approx(25 + 4)
    cloud = np.random.default_rng(0).normal(size=(40, 3))
    assert gaussian_distance(cloud, cloud + np.array([1, 2, 2])) == pytest.approx(9)
    # a weight of two is a point twice
    doubled = np.array([[0.0], [0.0], [6.0]])
    assert gaussian_distance(np.array([[0.0], [6.0]]), doubled, np.array([2, 1])) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("count", [5, 60])
def test_torch_fidelity_agrees_on_the_same_covariances(count):
    draw = np.random.default_rng(count)
    left, right = draw.normal(size=(count, 8)), draw.normal(size=(50, 8)) * 2 + 1
    said = [{"mu": x.mean(0), "sigma": np.cov(x.T, bias=True)} for x in (left, right)]
    other = fid_statistics_to_metric(*said, verbose=False)[KEY_METRIC_FID]
    assert gaussian_distance(left, right) == pytest.approx(other, rel=1e-5)


def test_a_shift_of_one_class_is_found_within_and_between():
    """Two classes at 0 and 10 without spread; one moves by 2: E_c = (0 + 4) / 2, means (0, 10) against (0, 12)."""
    real, made = np.array([[0.0], [10.0]]), np.array([[0.0], [0.0], [12.0], [12.0]])
    found = split_distance(real, np.array([1, 2]), made, np.array([1, 1, 2, 2]))
    assert found == pytest.approx((1 + 1, 1 + 1, 2))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4), st.integers(1, 6))
def test_the_whole_is_no_further_than_its_parts_together(seed, classes, dimension):
    draw = np.random.default_rng(seed)
    numbers = np.repeat(np.arange(classes), 6)
    real, made = (
        draw.normal(size=(len(numbers), dimension)) * draw.uniform(0.1, 3)
        + draw.normal(size=(classes, dimension))[numbers]
        for _ in range(2)
    )
    found = split_distance(real, numbers, made, numbers)
    assert found.total <= found.between + found.within + 1e-8
    same = split_distance(real, numbers, real, numbers)
    assert same == pytest.approx((0, 0, 0), abs=1e-6)


def test_faults_are_refused():
    with pytest.raises(ValueError, match="same classes"):
        split_distance(np.ones((2, 1)), np.array([0, 1]), np.ones((2, 1)), np.array([0, 2]))
    with pytest.raises(ValueError, match="sum to 1"):
        inception_score(np.full((2, 3), 0.5))
    with pytest.raises(ValueError, match="a class of each of 2 items"):
        split_score(np.full((2, 2), 0.5), np.arange(3))
