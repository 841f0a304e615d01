"""The Fréchet distance on standardised features, and the gate that a run has to pass before any verdict."""

import numpy as np
import pytest
import torch

from stages.metrics.frechet import features_to_distance
from stages.metrics.standardised import Target, features_to_scale, standardise
from stages.metrics.translated import share_of_classes, translated


def draw(count: int, dimension: int = 6, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dimension, generator=generator, dtype=torch.float64)


def test_dead_features_are_left_out_by_hand():
    """Deviations 2, 4, 0.1, 0 have a mean of 1.525, of which 5 % are 0.076."""
    target = torch.tensor([[-1.0, 0.0, 0.0, 3.0], [1.0, 0.0, 0.0, 3.0]]) * torch.tensor([2.0, 1.0, 1.0, 1.0]) / 2**0.5
    target[:, 1], target[:, 2] = torch.tensor([0.0, 4 * 2**0.5]), torch.tensor([0.0, 0.1 * 2**0.5])
    scale = features_to_scale(target)
    assert scale.deviation.tolist() == pytest.approx([2.0, 4.0, 0.1, 0.0], abs=1e-6)
    assert scale.kept.tolist() == [True, True, True, False]
    target[:, 2] *= 0.5
    assert features_to_scale(target).kept.tolist() == [True, True, False, False]
    assert standardise(target, features_to_scale(target)).flatten().tolist() == pytest.approx(
        [-(2**-0.5), -(2**-0.5), 2**-0.5, 2**-0.5]
    )


def numbers(made, source, target) -> list[float]:
    held = Target(target, standardised=True)
    return [held.distance(made), held.distance(source), held.halves(), held.kept]


def test_units_of_features_do_not_matter_and_dead_ones_say_nothing():
    target, source, made = draw(80, seed=0), draw(60, seed=1) + 3, draw(70, seed=2) + 1
    plain = numbers(made, source, target)
    units = torch.tensor([1.0, 1.2, 0.8, 1.5, 1.1, 0.9])
    assert numbers(made * units, source * units, target * units) == pytest.approx(plain, rel=1e-6)
    blown = [
        torch.cat([part, 1e-4 * torch.randn(len(part), 2, generator=torch.Generator().manual_seed(5)) + shift], 1)
        for part, shift in ((made, 9.0), (source, 0.0), (target, 0.0))
    ]
    assert numbers(*blown) == pytest.approx(plain, rel=1e-9) and plain[3] == 6


def test_the_numbers_are_distances_of_standardised_sets():
    target, source = draw(80, seed=0) * 5 + 2, draw(60, seed=1) * 5 + 17
    made, apart, halves, _ = numbers(target, source, target)
    assert abs(made) < 1e-6
    unit = (target - target.mean(0)) / target.std(0)
    assert halves == pytest.approx(features_to_distance(unit[::2], unit[1::2]), rel=1e-9)
    other = (source - target.mean(0)) / target.std(0)
    assert apart == pytest.approx(features_to_distance(other, unit), rel=1e-9)
    assert made < halves < apart


def test_a_plain_target_leaves_features_as_they_are():
    target, source = draw(80, seed=0) * 5 + 2, draw(60, seed=1) * 5 + 17
    held = Target(target, standardised=False)
    assert held.distance(source) == features_to_distance(source, target) and (held.count, held.kept) == (80, 6)


def test_features_without_scale_are_refused():
    with pytest.raises(ValueError, match="vary"):
        features_to_scale(torch.ones(5, 3))
    with pytest.raises(ValueError, match="at least two"):
        features_to_scale(torch.ones(1, 3))


def test_a_run_is_translated_if_near_and_of_the_targets_classes():
    classes = np.array([4, 5, 1, 1])
    assert translated(1.0, 4.0, classes, {4, 5}) is True
    assert translated(1.01, 4.0, classes, {4, 5}) is False
    assert translated(1.0, 4.0, classes, {4}) is False
    assert translated(1.0, 4.0, None, set()) is True
    assert translated(1.01, 4.0, None, set()) is False
    assert share_of_classes(classes, [4, 5, 9]) == 0.5
    for numbers in ((float("nan"), 4.0), (1.0, float("inf"))):
        with pytest.raises(ValueError, match="finite"):
            translated(*numbers, classes, {4})
    with pytest.raises(ValueError, match="at least one"):
        translated(1.0, 4.0, classes[:0], {4})
