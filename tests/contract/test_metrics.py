"""One table over all measures: what each must do whatever it measures."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from stages.metrics.angle import features_to_known_factor_angle
from stages.metrics.features import images_to_features, samples_to_features
from stages.metrics.frechet import features_to_distance
from stages.metrics.perceptual import Perceptor, samples_to_pair_distances

SIDE, IMAGES, SAMPLES = 12, 6, 5


class Trunk(nn.Module):
    """A small convolutional network with two maps and a feature vector; no part depends on the rest of the batch."""

    def __init__(self):
        super().__init__()
        self.low, self.high = nn.Conv2d(3, 6, 3, padding=1), nn.Conv2d(6, 8, 3, stride=2, padding=1)

    def feature_maps(self, images):
        low = torch.tanh(self.low(images))
        return [low, torch.tanh(self.high(low))]

    def encode(self, images):
        return self.feature_maps(images)[-1].mean(dim=(2, 3))


def trunk() -> Trunk:
    torch.manual_seed(0)
    return Trunk().requires_grad_(False)


def angle(samples: np.ndarray, batch: int) -> float:
    return features_to_known_factor_angle(samples_to_features(trunk().encode, samples, batch))


def perceptual(samples: np.ndarray, hole: bool) -> float:
    perceptor, values = Perceptor(trunk().feature_maps, None), []
    mask = torch.zeros(SIDE, SIDE)
    mask[3:9, 2:10] = 1
    for row in samples:
        images = torch.from_numpy(row).permute(0, 3, 1, 2).float() / 127.5 - 1
        found = samples_to_pair_distances(perceptor, images, mask)
        values.append(float((found.hole if hole else found.whole).mean()))
    return float(np.mean(values))


def frechet(samples: np.ndarray, batch: int) -> float:
    """Of the first half of the samples of each image from the second half."""
    features = [images_to_features(trunk().encode, part.reshape(-1, SIDE, SIDE, 3), batch)
                for part in (samples[:, : SAMPLES // 2], samples[:, SAMPLES // 2 :])]  # fmt: skip
    return features_to_distance(*features)


@dataclass(frozen=True)
class Measure:
    """A measure of [N, S, R, R, 3]; `equal` is its value where all samples of an image are the same picture."""

    name: str
    of: Callable[[np.ndarray, int], float]
    among_samples: bool


MEASURES = (
    Measure("KFFA", angle, True),
    Measure("PD", lambda samples, batch: perceptual(samples, False), True),
    Measure("PD_hole", lambda samples, batch: perceptual(samples, True), True),
    Measure("FD", frechet, False),
)


@pytest.fixture
def samples() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (IMAGES, SAMPLES, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture(params=MEASURES, ids=lambda measure: measure.name)
def measure(request) -> Measure:
    return request.param


def test_finite_and_positive_on_different_pictures(measure, samples):
    value = measure.of(samples, 4)
    assert np.isfinite(value) and value > 0


def test_the_same_twice(measure, samples):
    assert measure.of(samples, 4) == measure.of(samples.copy(), 4)


def test_does_not_depend_on_the_batch(measure, samples):
    assert measure.of(samples, 1) == pytest.approx(measure.of(samples, 64), rel=1e-5)


def test_does_not_depend_on_the_order_of_images(measure, samples):
    order = np.random.default_rng(1).permutation(IMAGES)
    assert measure.of(samples[order], 4) == pytest.approx(measure.of(samples, 4), rel=1e-5)


def test_zero_where_nothing_differs(measure, samples):
    alike = np.repeat(samples[:, :1], SAMPLES, axis=1)
    if not measure.among_samples:
        alike = np.concatenate([alike[:, : SAMPLES // 2]] * 2, axis=1)[:, :SAMPLES]
    assert measure.of(alike, 4) == pytest.approx(0.0, abs=1e-4)


def test_larger_where_pictures_differ_more(measure, samples):
    """Samples drawn half-way to their image's first one are closer together, and closer in distribution."""
    near = (samples[:, :1].astype(float) * 0.8 + samples.astype(float) * 0.2).round().astype(np.uint8)
    if measure.among_samples:
        assert measure.of(near, 4) < measure.of(samples, 4)
    else:
        dark = samples.copy()
        dark[:, SAMPLES // 2 :] //= 4
        assert measure.of(dark, 4) > 2 * measure.of(samples, 4)


def test_does_not_write_into_the_samples(measure, samples):
    before = samples.copy()
    measure.of(samples, 4)
    assert np.array_equal(before, samples)
