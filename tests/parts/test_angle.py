"""KFFA: invariant I22, an independent oracle, and pairs."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.metrics.angle import features_to_angle, features_to_known_factor_angle, features_to_pair_angles
from stages.metrics.pairs import count_to_pairs, pair_count


def oracle(features: np.ndarray) -> float:
    """The spec's formula, spelled out: arccos of the clipped cosine, mean over pairs, then over images."""
    images = []
    for samples in features.astype(np.float64):
        angles = []
        for i in range(len(samples)):
            for j in range(i):
                a, b = samples[i], samples[j]
                cosine = np.dot(a, b) / np.sqrt(np.dot(a, a)) / np.sqrt(np.dot(b, b))
                angles.append(math.degrees(math.acos(max(-1.0, min(1.0, cosine)))))
        images.append(sum(angles) / len(angles))
    return sum(images) / len(images)


def test_equal_features_have_angle_zero_orthogonal_90_opposite_180():
    a = torch.tensor([[3.0, 4.0, 0.0]])
    assert float(features_to_angle(a, a)) == 0.0
    assert float(features_to_angle(a, torch.tensor([[0.0, 0.0, 7.0]]))) == pytest.approx(90.0, abs=1e-12)
    assert float(features_to_angle(a, -2 * a)) == pytest.approx(180.0, abs=1e-12)


def test_known_angles_by_hand():
    east, diagonal = torch.tensor([1.0, 0.0]), torch.tensor([1.0, 1.0])
    assert float(features_to_angle(east, diagonal)) == pytest.approx(45.0, abs=1e-6)
    assert float(features_to_angle(east, torch.tensor([-1.0, math.sqrt(3)]))) == pytest.approx(120.0, abs=1e-5)


def test_ten_samples_have_45_pairs_each_once():
    pairs = count_to_pairs(10)
    assert pairs.shape == (45, 2) and pair_count(10) == 45
    assert len({frozenset(map(int, pair)) for pair in pairs}) == 45
    assert bool((pairs[:, 0] < pairs[:, 1]).all())


def test_the_mean_is_over_pairs_then_images():
    """Three samples: one apart from two equal ones gives 90, 90, 0; a second image of equal samples gives 0."""
    first = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    second = [[1.0, 0.0]] * 3
    features = torch.tensor([first, second])
    assert features_to_pair_angles(features).tolist()[0] == pytest.approx([0.0, 90.0, 90.0])
    assert features_to_known_factor_angle(features) == pytest.approx((60.0 + 0.0) / 2)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(2, 20))
def test_equals_the_oracle(seed, samples, dimension):
    features = np.random.default_rng(seed).normal(size=(3, samples, dimension)).astype(np.float32)
    assert features_to_known_factor_angle(torch.from_numpy(features)) == pytest.approx(oracle(features), abs=1e-5)


def test_scale_order_and_rotation_do_not_matter():
    generator = torch.Generator().manual_seed(3)
    features = torch.randn(4, 10, 16, generator=generator, dtype=torch.float64)
    value = features_to_known_factor_angle(features)
    scale = torch.rand(4, 10, 1, generator=generator, dtype=torch.float64) + 0.1
    rotation = torch.linalg.qr(torch.randn(16, 16, generator=generator, dtype=torch.float64)).Q
    order = torch.randperm(10, generator=generator)
    for other in (features * scale, features @ rotation, features[:, order], features.flip(0)):
        assert features_to_known_factor_angle(other) == pytest.approx(value, abs=1e-9)


def test_a_cosine_lifted_above_one_by_rounding_is_still_an_angle():
    """Parallel float32 vectors whose float32 cosine exceeds 1: a bare arccos of it is not a number."""
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(4000, 8, generator=generator)
    unit = vectors / vectors.norm(dim=1, keepdim=True)
    cosines = (unit * unit).sum(1)
    assert bool((cosines > 1).any()) and bool(torch.acos(cosines).isnan().any())
    angles = features_to_angle(vectors, 3 * vectors)
    assert bool(angles.isfinite().all()) and float(angles.max()) < 1e-4


def test_a_feature_without_direction_is_refused():
    for bad in (torch.zeros(1, 4), torch.full((1, 4), float("nan"))):
        with pytest.raises(ValueError, match="not zero"):
            features_to_angle(bad, torch.ones(1, 4))


def test_one_sample_or_another_shape_is_refused():
    with pytest.raises(ValueError, match="at least two samples"):
        features_to_pair_angles(torch.ones(3, 1, 4))
    with pytest.raises(ValueError, match="images, samples, dimensions"):
        features_to_pair_angles(torch.ones(3, 4))
