"""The Fréchet distance between two sets of features, to the bit as torch-fidelity; statistics also a batch at a time.

torch-fidelity's own functions of a few lines come with its networks and torchvision, for seconds in every stage.
"""

from collections.abc import Mapping
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
    """Mean and unbiased covariance of features, in float64.

    Shapes: [N, D] → [D], [D, D].
    Raises: ValueError for fewer than two features or one that is not finite.
    """
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"a covariance needs at least two features [N, D], got shape {tuple(features.shape)}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("expected finite features, got some that are not: look at the images and the extractor")
    rows = features.double().numpy()
    return Statistics(rows.mean(0), np.atleast_2d(np.cov(rows, rowvar=False)), len(features))


class Running:
    """Mean and unbiased covariance of features that come in batches and are not kept.

    Sets of n and m features with means a, b and scatters A, B have together the mean a + (b − a) m / (n + m) and the
    scatter A + B + (b − a)(b − a)ᵀ n m / (n + m); no sum of squares loses digits where means are large.

    Source: Chan, Golub and LeVeque 1979. Units: float64 on the CPU.
    """

    def __init__(self) -> None:
        self.count = 0
        self._mean = self._scatter = torch.zeros(0, dtype=torch.float64)

    def add(self, features: Tensor) -> None:
        """A batch, which may be empty.

        Shapes: [B, D]. Raises: ValueError for another shape or a feature that is not finite.
        """
        if features.ndim != 2 or (self.count and features.shape[1] != len(self._mean)):
            expected = f"[B, {len(self._mean)}]" if self.count else "[B, D]"
            raise ValueError(f"expected features {expected}, got shape {tuple(features.shape)}")
        if not bool(torch.isfinite(features).all()):
            raise ValueError("expected finite features, got some that are not: look at the images and the extractor")
        batch = features.detach().cpu().double()
        if len(batch):
            mean = batch.mean(0)
            self._join(len(batch), mean, (batch - mean).T @ (batch - mean))

    def merge(self, other: "Running") -> None:
        """All that another one has seen."""
        if other.count:
            self._join(other.count, other._mean, other._scatter)

    def arrays(self) -> dict[str, np.ndarray]:
        """All that is known so far, to the bit."""
        return {"count": np.array(self.count), "mean": self._mean.numpy(), "scatter": self._scatter.numpy()}

    @classmethod
    def of(cls, arrays: Mapping[str, np.ndarray]) -> "Running":
        """One that goes on from what `arrays` gave."""
        made = cls()
        made.count = int(arrays["count"])
        made._mean, made._scatter = (torch.from_numpy(arrays[name].copy()) for name in ("mean", "scatter"))
        return made

    def _join(self, count: int, mean: Tensor, scatter: Tensor) -> None:
        if not self.count:
            self.count, self._mean, self._scatter = count, mean, scatter.clone()
            return
        total, apart = self.count + count, mean - self._mean
        # In place: at 2048 dimensions a copy of it weighs more than the features of a batch.
        self._scatter.add_(scatter).addr_(apart, apart, alpha=self.count * count / total)
        self._mean = self._mean + apart * (count / total)
        self.count = total

    def statistics(self) -> Statistics:
        """Mean and covariance with divisor N − 1. Raises: ValueError for fewer than two features."""
        if self.count < 2:
            raise ValueError(f"a covariance needs at least two features, got {self.count}")
        return Statistics(self._mean.numpy(), (self._scatter / (self.count - 1)).numpy(), self.count)


def statistics_to_distance(left: Statistics, right: Statistics) -> float:
    """The Fréchet distance of two Gaussians.

    d = |μ₁ − μ₂|² + tr(C₁ + C₂ − 2 (C₁ C₂)^½), where a root has the roots of the matrix's eigenvalues.

    Source: spec §8.1; formula known; eigenvalues as in torch-fidelity (code).
    Units: squared feature units; lower is closer.
    Raises: ValueError where the two sets have features of different lengths.
    """
    if left.mean.shape != right.mean.shape:
        raise ValueError(f"features of {left.mean.shape[0]} and {right.mean.shape[0]} dimensions cannot be compared")
    apart = left.mean - right.mean
    roots = np.sqrt(np.linalg.eigvals(left.covariance.dot(right.covariance)).astype(np.complex128))
    squares = apart.dot(apart) + np.trace(left.covariance) + np.trace(right.covariance)
    return float(squares - 2 * roots.real.sum())


def features_to_distance(left: Tensor, right: Tensor) -> float:
    """The Fréchet distance between two sets of features [N, D] and [M, D]."""
    return statistics_to_distance(features_to_statistics(left), features_to_statistics(right))


def statistics_to_warning(left: Statistics, right: Statistics) -> str:
    """What must be said beside the number: empty, or why the covariances do not have full rank."""
    count, dimension = min(left.count, right.count), len(left.mean)
    if count > dimension:
        return ""
    return f"singular covariance: {count} images for {dimension} dimensions, biased upwards"
