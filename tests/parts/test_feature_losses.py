"""Losses between feature maps, and adversarial pairs by hand: invariant 20 of the spec and the edges."""

import math

import pytest
import torch

from stages.losses.adversarial import (
    hinge_discriminator,
    hinge_generator,
    least_squares_discriminator,
    least_squares_generator,
)
from stages.losses.matching import contextual, feature_matching, perceptual
from stages.losses.self_similarity import contrastive_map_loss, self_similarity_loss, similarity_maps
from stages.nets.similarity_head import SimilarityHead
from tests.parts.checks_features import CHECKS
from tests.parts.checks_nce import close, draw
from tests.parts.nce_parts import PARTS


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_against_loops(check):
    check(PARTS)


def test_least_squares_and_hinge_by_hand():
    real, fake = torch.tensor([[2.0, 0.5]]), torch.tensor([[-2.0], [0.5], [1.0], [0.5]])
    assert float(least_squares_discriminator(real, fake)) == pytest.approx(
        ((1 + 0.25) / 2 + (4 + 0.25 + 1 + 0.25) / 4) / 2
    )
    assert float(least_squares_generator(fake)) == pytest.approx((9 + 0.25 + 0 + 0.25) / 4)
    assert float(hinge_discriminator(real, fake)) == pytest.approx(0.5 / 2 + (0 + 1.5 + 2 + 1.5) / 4)
    assert float(hinge_generator(fake)) == 0.0
    assert float(hinge_generator(fake - 2)) == 2.0


def test_adversarial_pairs_keep_their_precision():
    for loss in (least_squares_generator, hinge_generator):
        assert loss(torch.ones(2).bfloat16()).dtype == torch.float32 and loss(draw(2)).dtype == torch.float64
    for loss in (least_squares_discriminator, hinge_discriminator):
        assert loss(draw(3), draw(2)).dtype == torch.float64
        assert loss(torch.ones(3).half(), torch.ones(2).half()).dtype == torch.float32


def layers(seed: int) -> list[torch.Tensor]:
    return [draw(2, 6, 5, 5, seed=seed), draw(2, 8, 4, 4, seed=seed + 1)]


PLACES = [torch.arange(25), torch.arange(16)]


def test_self_similarity_is_nothing_for_equal_images_and_blind_to_what_it_should_be():
    one, two = layers(0), layers(10)
    for normed in (False, True):
        value = self_similarity_loss(one, two, PLACES, 64, normed)
        close(self_similarity_loss(one, one, PLACES, 64, normed), 0.0, 1e-12)
        offsets = [layer + draw(1, layer.shape[1], 1, 1, seed=5) for layer in two]
        close(self_similarity_loss(one, offsets, PLACES, 64, normed), value, 1e-12)
        scaled = self_similarity_loss(one, [3 * layer for layer in two], PLACES, 64, normed)
        assert (abs(float(scaled - value)) < 1e-12) == normed
        shuffled = [
            layer.flatten(2)[:, :, torch.randperm(layer[0, 0].numel(), generator=torch.Generator().manual_seed(1))]
            for layer in one
        ]
        shuffled = [part.reshape(layer.shape) for part, layer in zip(shuffled, one, strict=True)]
        assert float(self_similarity_loss(one, shuffled, PLACES, 64, normed)) > 0.01


def test_a_window_is_part_of_the_whole_map_and_stays_inside():
    features = draw(1, 4, 6, 7)
    whole = similarity_maps(features, torch.arange(42), 64, True)[0].reshape(42, 6, 7)
    part = similarity_maps(features, torch.arange(42), 3, True)[0].reshape(42, 3, 3)
    close(part[0], whole[0, :3, :3], 0)
    close(part[41], whole[41, 3:, 4:], 0)
    close(part[2 * 7 + 3], whole[2 * 7 + 3, 1:4, 2:5], 0)
    close(whole[torch.arange(42), torch.arange(42) // 7, torch.arange(42) % 7], torch.ones(42), 1e-12)
    # A window as high as the map is the whole map, as in the public code.
    assert similarity_maps(features, torch.arange(3), 6, True).shape == (1, 3, 42)


def test_self_similarity_by_hand():
    """Two places, one channel: centred -1, 1; the window's maps are tanh(±1/10)."""
    features = torch.tensor([[[[3.0, 5.0]]]])
    close(similarity_maps(features, torch.tensor([0]), 8, False)[0, 0], [math.tanh(0.1), -math.tanh(0.1)], 1e-7)


def test_gradients_of_feature_losses_are_finite_differences_and_finite_at_zero():
    source, made = layers(0)[1][:1], layers(10)[1][:1].requires_grad_(True)
    for normed in (False, True):
        assert torch.autograd.gradcheck(
            lambda x, n=normed: self_similarity_loss([source], [x], PLACES[1:], 64, n), (made,)
        )
    queries, keys = draw(1, 4, 3).requires_grad_(True), draw(1, 4, 3, seed=1)
    assert torch.autograd.gradcheck(lambda x: contextual(x, keys), (queries,))
    parts = [draw(1, 3, 5, seed=seed).requires_grad_(True) for seed in range(3)]
    assert torch.autograd.gradcheck(lambda *maps: contrastive_map_loss(*maps, 0.5), parts)
    flat = torch.zeros(1, 4, 3, 3, requires_grad=True)
    for normed in (False, True):
        self_similarity_loss([flat], [flat], [torch.arange(9)], 64, normed).backward()
    zero = torch.zeros(1, 4, 3, requires_grad=True)
    contextual(zero, zero).sum().backward()
    assert bool(flat.grad.isfinite().all()) and bool(zero.grad.isfinite().all())


def test_equal_features_cost_nothing():
    maps = layers(0)
    assert float(perceptual(maps, maps, (0.5, 1.0))) == 0.0
    assert float(feature_matching([maps, maps], [maps, maps])) == 0.0
    far = torch.eye(4, dtype=torch.float64)[None]
    assert float(contextual(far, far)) < 1e-9


def test_feature_losses_compute_in_full_precision_under_autocast():
    one, two = [layer.float() for layer in layers(0)], [layer.float() for layer in layers(10)]
    plain = self_similarity_loss(one, two, PLACES, 3, False), contextual(one[0][0], two[0][0])
    maps = [similarity_maps(layer, PLACES[1][:5], 64, True) for layer in (one[1], two[1], 1 - two[1])]
    contrast = contrastive_map_loss(*maps, 0.07)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(self_similarity_loss(one, two, PLACES, 3, False), plain[0])
        assert torch.equal(contextual(one[0][0], two[0][0]), plain[1])
        assert torch.equal(contrastive_map_loss(*maps, 0.07), contrast)


def test_lists_that_do_not_match_are_refused():
    maps = layers(0)
    with pytest.raises(ValueError, match="as many layers"):
        self_similarity_loss(maps, maps, PLACES[:1], 64, False)
    with pytest.raises(ValueError, match="as many layers"):
        perceptual(maps, maps, (1.0,))
    with pytest.raises(ValueError, match="at least two outputs"):
        feature_matching([maps[:1]], [maps[:1]])


def test_heads_have_a_quarter_of_the_channels_and_at_least_32():
    head = SimilarityHead([256, 64])
    found = head([torch.zeros(1, 256, 4, 5), torch.zeros(1, 64, 2, 2)])
    assert [tuple(maps.shape) for maps in found] == [(1, 64, 4, 5), (1, 32, 2, 2)]
    assert (
        sum(parameter.numel() for parameter in head.parameters())
        == 256 * 64 + 64 + 64 * 64 + 64 + 64 * 32 + 32 + 32 * 32 + 32
    )
    assert 0.015 < float(head.layers[0][0].weight.detach().std()) < 0.025
    with pytest.raises(ValueError, match="2 layers"):
        head([torch.zeros(1, 256, 4, 5)])
