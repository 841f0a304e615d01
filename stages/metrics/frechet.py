"""The Fréchet distance between two sets of features, computed by torch-fidelity."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor


class Statistics(NamedTuple):
    """Mean [D] and covariance [D, D] of N features, in float64."""

    mean: np.ndarray
    covariance: np.ndarray
    count: int  # pyright: ignore[reportIncompatibleMethodOverride]  # a tuple's own count is not asked for


def features_to_statistics(features: Tensor) -> Statistics:
    """Mean and unbiased covariance of features, by torch-fidelity in float64.

    Shapes: [N, D] → [D], [D, D].
    Raises: ValueError for fewer than two features or one that is not finite.
    """
    from torch_fidelity.metric_fid import fid_features_to_statistics

    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"a covariance needs at least two features [N, D], got shape {tuple(features.shape)}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("expected finite features, got some that are not: look at the images and the extractor")
    both = fid_features_to_statistics(features.double())
    return Statistics(both["mu"], np.atleast_2d(both["sigma"]), len(features))


def statistics_to_distance(left: Statistics, right: Statistics) -> float:
    """The Fréchet distance of two Gaussians, by torch-fidelity.

    d = |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½)

    Source: spec §8.1; formula known.
    Units: squared feature units; lower is closer.
    Raises: ValueError where the two sets have features of different lengths.
    """
    from torch_fidelity.metric_fid import KEY_METRIC_FID, fid_statistics_to_metric

    if left.mean.shape != right.mean.shape:
        raise ValueError(f"features of {left.mean.shape[0]} and {right.mean.shape[0]} dimensions cannot be compared")
    first = {"mu": left.mean, "sigma": left.covariance}
    second = {"mu": right.mean, "sigma": right.covariance}
    return fid_statistics_to_metric(first, second, verbose=False)[KEY_METRIC_FID]


def features_to_distance(left: Tensor, right: Tensor) -> float:
    """The Fréchet distance between two sets of features [N, D] and [M, D]."""
    return statistics_to_distance(features_to_statistics(left), features_to_statistics(right))


def statistics_to_warning(left: Statistics, right: Statistics) -> str:
    """What must be said beside the number: empty, or why the covariances do not have full rank."""
    count, dimension = min(left.count, right.count), len(left.mean)
    if count > dimension:
        return ""
    return f"singular covariance: {count} images for {dimension} dimensions, biased upwards"
