"""Fréchet distance: invariant I23, closed forms, scipy's matrix root as oracle, and features in batches."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg
import torch

from stages.metrics.features import images_to_features, samples_to_features
from stages.metrics.frechet import (
    Statistics,
    features_to_distance,
    features_to_statistics,
    statistics_to_distance,
    statistics_to_warning,
)


def draw(count: int, dimension: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(dimension, dimension, generator=generator)
    return torch.randn(count, dimension, generator=generator) @ mix + torch.randn(dimension, generator=generator)


def gaussian(mean: np.ndarray, covariance: np.ndarray) -> Statistics:
    return Statistics(np.asarray(mean, float), np.asarray(covariance, float), 1000)


def oracle(left: np.ndarray, right: np.ndarray) -> float:
    """The definition with scipy's principal square root of C1 C2."""
    means = left.mean(0), right.mean(0)
    centred = left - means[0], right - means[1]
    covariances = [part.T @ part / (len(part) - 1) for part in centred]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1]).real
    return float(((means[0] - means[1]) ** 2).sum() + np.trace(covariances[0] + covariances[1] - 2 * root))


def test_a_set_with_itself_is_zero():
    features = draw(300, 24, 0)
    assert abs(features_to_distance(features, features)) < 1e-3


def test_equals_scipys_matrix_root():
    left, right = draw(400, 12, 1), draw(300, 12, 2)
    expected = oracle(left.double().numpy(), right.double().numpy())
    assert features_to_distance(left, right) == pytest.approx(expected, rel=1e-6)


def test_equal_covariances_leave_the_distance_of_the_means():
    generator = np.random.default_rng(0)
    mix = generator.normal(size=(6, 6))
    covariance = mix @ mix.T
    first, second = generator.normal(size=6), generator.normal(size=6)
    expected = ((first - second) ** 2).sum()
    assert statistics_to_distance(gaussian(first, covariance), gaussian(second, covariance)) == pytest.approx(expected)


def test_diagonal_covariances_have_a_closed_form():
    first, second = np.array([0.0, 1.0, 2.0]), np.array([3.0, 1.0, -1.0])
    spread, other = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 0.5])
    expected = ((first - second) ** 2).sum() + ((spread - other) ** 2).sum()
    found = statistics_to_distance(gaussian(first, np.diag(spread**2)), gaussian(second, np.diag(other**2)))
    assert found == pytest.approx(expected, rel=1e-9)


def test_equals_torch_fidelity_to_the_bit():
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_features_to_statistics, fid_statistics_to_metric

    for rows, others, width in ((50, 40, 8), (300, 260, 64), (20, 30, 64)):
        left, right = draw(rows, width, rows), 2 * draw(others, width, others)
        theirs = [fid_features_to_statistics(features.double()) for features in (left, right)]
        for features, both in zip((left, right), theirs, strict=True):
            found = features_to_statistics(features)
            assert (found.mean == both["mu"]).all() and (found.covariance == both["sigma"]).all()
        assert features_to_distance(left, right) == fid_statistics_to_metric(*theirs, verbose=False)[KEY_METRIC_FID]


def test_computing_it_imports_neither_torch_fidelity_nor_torchvision():
    """Both cost seconds in every stage that measures."""
    code = (
        "import sys, torch; from stages.metrics.frechet import features_to_distance;"
        "features_to_distance(torch.rand(5, 2), torch.rand(5, 2));"
        "print(sorted({'torchvision', 'torch_fidelity', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_symmetric_and_blind_to_order():
    left, right = draw(200, 10, 3), draw(150, 10, 4)
    value = features_to_distance(left, right)
    assert features_to_distance(right, left) == pytest.approx(value, rel=1e-8)
    shuffled = left[torch.randperm(200, generator=torch.Generator().manual_seed(0))]
    assert features_to_distance(shuffled, right) == pytest.approx(value, rel=1e-8)


def test_grows_with_a_shift_by_its_square():
    features = draw(200, 8, 5)
    shift = torch.ones(8)
    assert features_to_distance(features, features + 2 * shift) == pytest.approx(4 * 8, rel=1e-5)


def test_statistics_are_mean_and_unbiased_covariance():
    features = torch.tensor([[0.0, 0.0], [2.0, 0.0], [4.0, 6.0]])
    found = features_to_statistics(features)
    assert found.mean.tolist() == [2.0, 2.0]
    assert found.covariance.tolist() == [[4.0, 6.0], [6.0, 12.0]]
    assert found.count == 3 and found.mean.dtype == np.float64


def test_few_images_are_said_beside_the_number():
    few, many = features_to_statistics(draw(8, 8, 0)), features_to_statistics(draw(50, 8, 1))
    assert "8 images for 8 dimensions" in statistics_to_warning(few, many)
    assert statistics_to_warning(many, few) == statistics_to_warning(few, many)
    assert statistics_to_warning(many, many) == ""


def test_features_that_cannot_be_compared_are_refused():
    with pytest.raises(ValueError, match="3 and 4 dimensions"):
        features_to_distance(draw(9, 3, 0), draw(9, 4, 0))
    with pytest.raises(ValueError, match="at least two"):
        features_to_statistics(draw(1, 4, 0))
    broken = draw(9, 4, 0)
    broken[3, 1] = float("nan")
    with pytest.raises(ValueError, match="finite"):
        features_to_statistics(broken)


@pytest.fixture
def network():
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, 2), torch.nn.ReLU(), torch.nn.Conv2d(8, 6, 3, 2))
    return lambda images: layers(images).mean(dim=(2, 3))


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (11, 16, 16, 3), dtype=np.uint8)


def test_features_do_not_depend_on_the_batch(network, images):
    whole = images_to_features(network, images, 64)
    assert whole.shape == (11, 6)
    for batch in (1, 2, 3, 11):
        assert torch.allclose(images_to_features(network, images, batch), whole, atol=1e-6)


def test_samples_keep_their_image_and_number(network, images):
    samples = images[:10].reshape(2, 5, 16, 16, 3)
    features = samples_to_features(network, samples, 3)
    assert features.shape == (2, 5, 6)
    assert torch.allclose(features[1, 2], images_to_features(network, images[7:8], 1)[0], atol=1e-6)


def test_a_network_sees_images_between_minus_one_and_one():
    seen = []
    images = np.zeros((1, 2, 2, 3), np.uint8)
    images[0, 0, 1] = (255, 0, 51)
    images_to_features(lambda part: seen.append(part) or part.flatten(1), images, 1)
    assert seen[0].shape == (1, 3, 2, 2)
    assert seen[0][0, :, 0, 1].tolist() == pytest.approx([1.0, -1.0, -0.6], abs=1e-6)


def test_a_feature_that_is_not_finite_names_its_image(images):
    images = images.copy()
    images[4] = 0

    def encode(part):
        return torch.where(part.amax(dim=(1, 2, 3)) == -1, torch.nan, 1.0)[:, None]

    for batch in (1, 3, 64):
        with pytest.raises(FloatingPointError, match=r"image 4 .*1 of 11"):
            images_to_features(encode, images, batch)


def test_other_arrays_are_refused(network, images):
    with pytest.raises(ValueError, match="uint8"):
        images_to_features(network, images.astype(np.float32), 4)
    with pytest.raises(ValueError, match="at least one image"):
        images_to_features(network, images[:0], 4)
