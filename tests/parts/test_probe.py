"""The linear judge: what it must tell apart, its optimum, and the same answer again."""

import numpy as np
import pytest

from stages.metrics.probe import fit_probe


def blobs(seed: int, count: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Three groups far apart, with labels that are not in a row."""
    labels = np.repeat([4, 9, 2], count)
    centres = np.array([[0.0, 0, 0], [9, 0, 300], [0, 9, -300]])
    noise = np.random.default_rng(seed).normal(size=(3 * count, 3)) * [1, 1, 30]
    return centres[np.repeat(range(3), count)] + noise, labels


def test_groups_far_apart_are_told_apart_by_their_own_names():
    probe = fit_probe(*blobs(0), penalty=1.0, iterations=500)
    features, labels = blobs(1)
    assert np.array_equal(probe.look(features), labels) and probe.labels.tolist() == [2, 4, 9]
    rows = probe.probabilities(features)
    assert rows.shape == (90, 3) and np.allclose(rows.sum(axis=1), 1) and probe.converged


def test_the_scale_and_origin_of_a_feature_do_not_matter():
    features, labels = blobs(0)
    moved = features * [1e3, 1e-3, 7] + [5, -8, 0]
    one, two = (fit_probe(x, labels, 1.0, 500).probabilities(x) for x in (features, moved))
    assert np.allclose(one, two, atol=1e-4)


def test_two_points_by_their_own_equation():
    """x = -1, 1 (standardised already), y = 0, 1: w of log-odds 2 w x; p = 1 / (1 + exp(-2 v)) with v the fitted."""
    probe = fit_probe(np.array([[-1.0], [1.0]]), np.array([0, 1]), penalty=0.5, iterations=500)
    odds = np.log(probe.probabilities(np.array([[1.0]]))[0] / (1 - probe.probabilities(np.array([[1.0]]))[0]))[1]
    # minimum of 2 log(1 + exp(-w)) + penalty / 2 w^2: 2 / (1 + exp(w)) = penalty w
    assert 2 / (1 + np.exp(odds)) == pytest.approx(0.5 * odds, abs=1e-3)


def test_steps_that_run_out_are_told_and_faults_are_refused():
    assert not fit_probe(*blobs(0), penalty=1e-6, iterations=2).converged
    with pytest.raises(ValueError, match="at least two different ones"):
        fit_probe(np.ones((3, 2)), np.zeros(3), 1.0, 10)
    with pytest.raises(ValueError, match="features"):
        fit_probe(np.ones((3, 2)), np.arange(4), 1.0, 10)
    with pytest.raises(ValueError, match="finite"):
        fit_probe(np.array([[np.nan], [1.0]]), np.arange(2), 1.0, 10)
