"""Losses on part masks, the one-centred penalty, and the losses of segmentation, against hand-computed numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from stages.losses.adversarial import logistic_discriminator, logistic_generator
from stages.losses.part_masks import area, concentration
from stages.losses.penalty import gradient_norm, r1
from stages.losses.segmentation import cross_entropy_and_dice, soft_dice


def places(side: int) -> torch.Tensor:
    line = (2 * torch.arange(side, dtype=torch.float64) + 1) / side - 1
    return torch.stack(torch.meshgrid(line, line, indexing="ij"), -1)


def test_a_mask_of_one_pixel_at_its_point_costs_nothing():
    parts = torch.zeros(2, 3, 8, 8, dtype=torch.float64)
    parts[:, :, 2, 5] = 0.7
    centers = places(8)[2, 5].expand(2, 3, 2)
    assert concentration(parts, centers, places(8)).item() == 0
    # One pixel to the side is 0.25 away: 0.0625, but for the 1e-6 in the denominator.
    moved = concentration(parts, centers + torch.tensor([0.0, 0.25]), places(8))
    assert moved.item() == pytest.approx(0.0625, rel=1e-5)


@given(some.integers(2, 40))
def test_a_uniform_mask_costs_its_variance(side):
    """Per axis (1 - 1 / S^2) / 3."""
    parts = torch.full((1, 2, side, side), 0.4, dtype=torch.float64)
    found = concentration(parts, torch.zeros(1, 2, 2, dtype=torch.float64), places(side)).item()
    assert found == pytest.approx(2 * (side**2 - 1) / (3 * side**2), rel=1e-5)


def test_concentration_is_a_mean_over_parts_and_moves_masks_and_points():
    parts = torch.rand(1, 4, 8, 8, dtype=torch.float64, requires_grad=True)
    centers = torch.zeros(1, 4, 2, dtype=torch.float64, requires_grad=True)
    whole = concentration(parts, centers, places(8))
    single = [concentration(parts[:, k : k + 1], centers[:, k : k + 1], places(8)) for k in range(4)]
    assert whole.item() == pytest.approx(sum(value.item() for value in single) / 4)
    whole.backward()
    assert parts.grad.abs().max() > 0 and centers.grad.abs().max() > 0


def test_area_counts_deficits_alone():
    parts = torch.zeros(2, 3, 4, 4)
    parts[0, 0], parts[0, 1], parts[1, 2] = 0.5, 0.25, 1.0
    targets = torch.tensor([[7.0, 6.0, 1.0], [2.0, 0.0, 20.0]])
    # first: 8 of 7, 4 of 6, 0 of 1 -> 3; second: 0 of 2, 0 of 0, 16 of 20 -> 6
    assert area(parts, targets).item() == 4.5
    assert area(parts + 2, targets).item() == 0


@pytest.mark.parametrize("slope", [0.0, 0.5, 1.0, 3.0])
def test_penalty_of_a_plane_is_the_squared_distance_of_its_slope_from_one(slope):
    """D(x) = c <u, x> with |u| = 1: 10 (c - 1)^2; the zero-centred one 10 c^2 is r1 with gamma 20."""
    direction = torch.randn(3, 4, 4)
    direction = direction / direction.norm()

    def judge(x):
        return slope * (x * direction).flatten(1).sum(1)

    real = torch.randn(5, 3, 4, 4)
    assert gradient_norm(judge, real, 10.0, 1.0).item() == pytest.approx(10 * (slope - 1) ** 2, abs=1e-4)
    assert gradient_norm(judge, real, 10.0, 0.0).item() == pytest.approx(r1(judge, real, 20.0).item(), abs=1e-4)


def test_penalty_is_a_mean_over_the_batch_and_has_a_second_gradient():
    weight = torch.tensor(2.0, requires_grad=True)
    real = torch.tensor([1.0, 3.0]).view(2, 1, 1, 1)
    found = gradient_norm(lambda x: weight * x.square().flatten(1).sum(1) / 2, real, 10.0, 1.0)
    # slopes 2 and 6: 10 (1 + 25) / 2
    assert found.item() == pytest.approx(130)
    found.backward()
    # d/dw of 10 mean (w x - 1)^2 = 20 mean x (w x - 1) = 10 (1 + 15)
    assert weight.grad.item() == pytest.approx(160)


def test_adversarial_losses_of_an_undecided_discriminator():
    zero = torch.zeros(4)
    assert logistic_discriminator(zero, zero).item() == pytest.approx(2 * math.log(2))
    assert logistic_generator(zero).item() == pytest.approx(math.log(2))


def test_dice_of_perfect_and_of_disjoint_masks():
    target = torch.zeros(1, 2, 4, 4)
    target[:, 0, :, :2], target[:, 1, :, 2:] = 1, 1
    assert soft_dice(target, target).item() == pytest.approx(0, abs=1e-6)
    assert soft_dice(target.flip(1), target).item() == pytest.approx(1, abs=1e-6)


def test_dice_of_a_hand_computed_case_and_of_an_absent_class():
    probabilities = torch.tensor([[[[0.5, 0.5]], [[0.5, 0.5]], [[0.0, 0.0]]]])
    target = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]], [[0.0, 0.0]]]])
    # 1 - (2 * 0.5) / (1 + 1) twice, and 0 for the class that is nowhere
    assert soft_dice(probabilities, target).item() == pytest.approx(1 / 3)


def test_cross_entropy_agrees_with_torch():
    logits, labels = torch.randn(2, 5, 6, 6), torch.randint(0, 5, (2, 6, 6), dtype=torch.uint8)
    entropy, dice = cross_entropy_and_dice(logits, labels)
    assert entropy.item() == pytest.approx(torch.nn.functional.cross_entropy(logits, labels.long()).item(), rel=1e-5)
    assert 0 < dice.item() < 1
    sure = torch.nn.functional.one_hot(labels.long(), 5).permute(0, 3, 1, 2).float() * 50
    assert sum(value.item() for value in cross_entropy_and_dice(sure, labels)) == pytest.approx(0, abs=1e-5)
