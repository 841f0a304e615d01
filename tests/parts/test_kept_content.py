"""What a translation kept: self-similarity, edges, background; by hand, by loops and at their end points."""

import numpy as np
import pytest
import torch

from stages.metrics.self_similarity import maps_to_content_distance
from stages.metrics.structure import (
    images_to_background_distance,
    images_to_edge_distance,
    images_to_edges,
    maps_to_ssim,
)
from tests.parts.checks_features import maps_by_loops
from tests.parts.checks_nce import draw


def pictures(count: int, side: int = 24, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def test_content_distance_by_loops():
    source = [draw(2, 4, 3, 3), draw(2, 6, 2, 2, seed=1)]
    made = [draw(2, 4, 3, 3, seed=2), draw(2, 6, 2, 2, seed=3)]
    for image in range(2):
        layers = []
        for one, two in zip(source, made, strict=True):
            places = list(range(one[0, 0].numel()))
            left, right = (maps_by_loops(part[image].numpy(), places, 99, True) for part in (one, two))
            cosines = (left * right).sum(1) / np.linalg.norm(left, axis=1) / np.linalg.norm(right, axis=1)
            layers.append(np.mean(1 - cosines))
        assert float(maps_to_content_distance(source, made)[image]) == pytest.approx(np.mean(layers), abs=1e-12)


def test_content_distance_is_nothing_for_equal_maps_their_offsets_and_scales():
    source = [draw(2, 5, 4, 6)]
    for made in (source[0], 3 * source[0], source[0] + draw(1, 5, 1, 1, seed=2)):
        assert float(maps_to_content_distance(source, [made]).abs().max()) < 1e-12
    assert float(maps_to_content_distance(source, [source[0].flip(3)]).min()) > 0.1
    assert maps_to_content_distance([source[0].float()], [source[0].float()]).dtype == torch.float64
    with pytest.raises(ValueError, match="same shapes"):
        maps_to_content_distance(source, [draw(2, 5, 4, 5)])


def ssim_by_loops(left: np.ndarray, right: np.ndarray) -> float:
    """Every 11 x 11 window of two maps, weighted by a Gaussian of 1.5 px."""
    offset = np.arange(-5, 6)
    weights = np.exp(-(offset[:, None] ** 2 + offset[None] ** 2) / (2 * 1.5**2))
    weights /= weights.sum()
    values = []
    for y in range(5, left.shape[0] - 5):
        for x in range(5, left.shape[1] - 5):
            a, b = (part[y - 5 : y + 6, x - 5 : x + 6] for part in (left, right))
            m, n = (a * weights).sum(), (b * weights).sum()
            var, other = ((a - m) ** 2 * weights).sum(), ((b - n) ** 2 * weights).sum()
            shared = ((a - m) * (b - n) * weights).sum()
            values.append((2 * m * n + 1e-4) * (2 * shared + 9e-4) / ((m**2 + n**2 + 1e-4) * (var + other + 9e-4)))
    return float(np.mean(values))


def test_ssim_by_loops():
    left, right = (np.random.default_rng(seed).random((2, 13, 14)) for seed in (0, 1))
    right = (left + right) / 2
    expected = [ssim_by_loops(one, two) for one, two in zip(left, right, strict=True)]
    assert maps_to_ssim(left, right) == pytest.approx(expected, abs=1e-10)
    with pytest.raises(ValueError, match="11 px or more"):
        maps_to_ssim(left[:, :10], right[:, :10])


def test_edges_by_hand():
    image = np.zeros((1, 5, 6, 3), np.uint8)
    image[:, :, 3:] = 255
    expected = np.zeros((5, 6))
    expected[:, 2:4] = 1.0
    assert np.allclose(images_to_edges(image)[0], expected)
    assert not images_to_edges(np.concatenate([image, 0 * image]))[1].any()
    turned = images_to_edges(image.transpose(0, 2, 1, 3))[0]
    assert np.allclose(turned, expected.T)
    image[..., 1:] = 0  # red alone
    assert np.allclose(images_to_edges(image)[0], 0.299 * expected)


def test_edges_are_kept_by_other_colours_and_lost_by_other_pictures():
    images = pictures(3)
    assert np.allclose(images_to_edge_distance(images, images), 0)
    assert np.allclose(images_to_edge_distance(images, 255 - images), 0)
    assert images_to_edge_distance(images, pictures(3, seed=1)).min() > 0.5


def test_background_by_hand():
    source, made = np.zeros((2, 2, 2, 3), np.uint8), np.zeros((2, 2, 2, 3), np.uint8)
    objects = np.array([[[1, 0], [0, 0]], [[0, 0], [0, 1]]])
    made[0, 0, 0], made[0, 0, 1], made[1, 0, 0] = 200, (30, 0, 0), 60
    assert images_to_background_distance(source, made, objects).tolist() == pytest.approx([10 / 3, 20.0])
    objects[1] = 1
    with pytest.raises(ValueError, match="image 1 has no pixel outside"):
        images_to_background_distance(source, made, objects)
    with pytest.raises(ValueError, match="one shape"):
        images_to_background_distance(source, made[:1], objects)
