"""ArcFace by hand, by finite differences, and at its edges."""

import math
from itertools import pairwise

import pytest
import torch
from torch.nn import functional as F

from stages.losses.arcface import arcface


def test_arcface_by_hand():
    """Feature at 30 degrees from centre 0 and 60 from centre 1, margin 0.3, scale 16."""
    feature = 7 * torch.tensor([[math.cos(math.pi / 6), math.sin(math.pi / 6)]], dtype=torch.float64)
    centres = torch.tensor([[2.0, 0.0], [0.0, 0.5]], dtype=torch.float64)
    own, other = 16 * math.cos(math.pi / 6 + 0.3), 16 * math.cos(math.pi / 3)
    expected = math.log(1 + math.exp(other - own))
    assert float(arcface(feature, centres, torch.tensor([0]), 16.0, 0.3)) == pytest.approx(expected, abs=1e-9)


def test_no_margin_is_softmax_of_scaled_cosines_and_a_margin_costs():
    torch.manual_seed(0)
    features, centres = torch.randn(6, 4, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 3, 4, 0])
    plain = F.cross_entropy(16 * F.normalize(features) @ F.normalize(centres).T, labels)
    torch.testing.assert_close(arcface(features, centres, labels, 16.0, 0.0), plain)
    assert arcface(features, centres, labels, 16.0, 0.3) > plain
    torch.testing.assert_close(
        arcface(3 * features, centres, labels, 16.0, 0.3), arcface(features, centres, labels, 16.0, 0.3)
    )


def test_gradient_matches_finite_differences_also_beyond_the_edge():
    features = torch.tensor([[1.0, 0.2], [-1.0, 0.05]], dtype=torch.float64, requires_grad=True)
    centres = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64, requires_grad=True)
    labels = torch.tensor([0, 0])  # the second is more than pi - 0.3 from its centre
    assert torch.autograd.gradcheck(lambda f, c: arcface(f, c, labels, 16.0, 0.3), (features, centres))


def test_loss_rises_with_the_angle_all_the_way_round():
    angles = torch.linspace(0.01, math.pi - 0.01, 200, dtype=torch.float64)
    centres = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    losses = []
    for angle in angles:
        feature = torch.stack([angle.cos(), angle.sin(), torch.zeros(())])[None]
        losses.append(float(arcface(feature, centres, torch.tensor([0]), 16.0, 0.3)))
    assert all(a < b for a, b in pairwise(losses))


def test_a_feature_on_its_centre_has_a_finite_gradient():
    features = torch.tensor([[1.0, 0.0]], requires_grad=True)
    arcface(features, torch.eye(2), torch.tensor([0]), 16.0, 0.3).backward()
    assert torch.isfinite(features.grad).all()


def test_arcface_refuses_wrong_labels_and_widths():
    with pytest.raises(ValueError, match=r"0\.\.1"):
        arcface(torch.ones(1, 2), torch.eye(2), torch.tensor([2]), 16.0, 0.3)
    with pytest.raises(ValueError, match="wide"):
        arcface(torch.ones(1, 3), torch.eye(2), torch.tensor([0]), 16.0, 0.3)
