"""Statistics that stream: numpy's to 1e-9 whatever the batches, far from zero too, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.frechet import Running, features_to_statistics


def draw(count: int, dimension: int, seed: int = 0, middle: float = 0.0) -> torch.Tensor:
    chance = np.random.default_rng(seed)
    mix = chance.normal(size=(dimension, dimension))
    return torch.from_numpy((chance.normal(size=(count, dimension)) @ mix + middle).astype(np.float32))


def streamed(features: torch.Tensor, cuts: list[int]) -> Running:
    running = Running()
    for start, stop in zip([0, *cuts], [*cuts, len(features)], strict=True):
        running.add(features[start:stop])
    return running


@given(st.lists(st.integers(0, 40), max_size=12), st.integers(1, 6), st.floats(-1e4, 1e4), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_equals_numpy_whatever_the_batches(cuts, dimension, middle, seed):
    features = draw(40, dimension, seed, middle)
    found, whole = streamed(features, sorted(cuts)).statistics(), features.double().numpy()
    assert found.count == 40
    np.testing.assert_allclose(found.mean, whole.mean(0), rtol=1e-9, atol=1e-9)
    scale = np.abs(np.cov(whole.T)).max()
    np.testing.assert_allclose(found.covariance, np.atleast_2d(np.cov(whole.T)), rtol=1e-9, atol=1e-9 * scale)


def test_three_points_by_hand_one_at_a_time():
    running = streamed(torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 6.0]]), [1, 2])
    found = running.statistics()
    assert (found.mean.tolist(), found.covariance.tolist(), found.count) == ([2.0, 2.0], [[4.0, 6.0], [6.0, 12.0]], 3)
    assert found.mean.dtype == found.covariance.dtype == np.float64


def test_equals_torch_fidelity_on_the_whole_and_a_mean_far_from_zero_loses_nothing():
    features = draw(200, 5, 1, 3.0e3)
    found, whole = streamed(features, [7, 8, 150]).statistics(), features_to_statistics(features)
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, whole.covariance, rtol=1e-8)


def test_two_streams_merge_to_one_and_the_second_stays():
    features = draw(60, 4, 2)
    even, odd = Running(), Running()
    even.add(features[::2])
    odd.add(features[1::2])
    before = odd.statistics()
    whole = Running()
    whole.merge(even)
    whole.merge(odd)
    whole.merge(Running())
    expected = streamed(features, []).statistics()
    np.testing.assert_allclose(whole.statistics().covariance, expected.covariance, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(whole.statistics().mean, expected.mean, rtol=1e-12, atol=1e-12)
    assert whole.count == 60 and even.count == odd.count == 30
    assert odd.statistics().covariance.tolist() == before.covariance.tolist()


def test_statistics_do_not_change_when_more_is_added():
    running = streamed(draw(20, 3, 3), [])
    first = running.statistics()
    kept = first.mean.tolist(), first.covariance.tolist()
    running.add(draw(20, 3, 4, 9.0))
    assert (first.mean.tolist(), first.covariance.tolist()) == kept
    assert running.statistics().mean.tolist() != kept[0]


def test_what_cannot_be_streamed_is_refused():
    running = Running()
    running.add(torch.zeros(1, 3))
    with pytest.raises(ValueError, match="at least two features, got 1"):
        running.statistics()
    with pytest.raises(ValueError, match=r"\[B, 3\], got shape \(2, 4\)"):
        running.add(torch.zeros(2, 4))
    with pytest.raises(ValueError, match=r"\[B, D\]"):
        Running().add(torch.zeros(3))
    with pytest.raises(ValueError, match="finite"):
        running.add(torch.tensor([[0.0, float("nan"), 1.0]]))
    assert running.count == 1
