"""Inception score and Fréchet distance, split into what differs between classes and what differs within them.

Source: Benny, Galanti, Benaim, Wolf (IJCV 2021), spec §5.1. Priors p(c) are the classes' shares among the items.
"""

from typing import NamedTuple

import numpy as np


class Score(NamedTuple):
    """IS = between · within."""

    total: float
    between: float
    within: float


class Distance(NamedTuple):
    """Fréchet distances with 1/N covariances; total ≤ between + within where both sides have the same priors."""

    total: float
    between: float
    within: float


def inception_score(probabilities: np.ndarray) -> float:
    """IS = exp E_x KL(p(y|x) ‖ p(y)), p(y) = E_x p(y|x).

    Source: known (Salimans 2016). Shapes: p(y|x) [N K], rows sum to 1. Units: 1 to K.
    Raises: ValueError for rows that are no distributions.
    """
    rows = _distributions(probabilities)
    return float(np.exp(_divergence(rows, rows.mean(axis=0)).mean()))


def split_score(probabilities: np.ndarray, classes: np.ndarray) -> Score:
    """BCIS = exp E_c KL(p(y|c) ‖ p(y)), WCIS = exp E_c E_{x|c} KL(p(y|x) ‖ p(y|c)), and their product.

    Shapes: p(y|x) [N K], the class c that each item was made as [N]. Units: 1.
    Raises: ValueError for rows that are no distributions, or lengths that differ.
    """
    rows, (classes, counts) = _distributions(probabilities), _classes(classes, len(probabilities))
    means = np.stack([rows[classes == each].mean(axis=0) for each in range(len(counts))])
    between = (counts / len(rows)) @ _divergence(means, rows.mean(axis=0))
    within = _divergence(rows, means[classes]).mean()
    return Score(inception_score(rows), float(np.exp(between)), float(np.exp(within)))


def split_distance(real: np.ndarray, real_classes: np.ndarray, made: np.ndarray, made_classes: np.ndarray) -> Distance:
    """WCFD = E_c d(real|c, made|c) and BCFD = d between the Gaussians of the class means, weighted by p(c).

    E_c of WCFD is over the real items' priors; each side's means have the side's own.

    Shapes: features [N D], [N], [M D], [M]. Units: squared feature units.
    Raises: ValueError where the two sides do not have the same classes.
    """
    names, counts = np.unique(real_classes, return_counts=True)
    if not np.array_equal(names, np.unique(made_classes)):
        came = f"{names.tolist()} and {np.unique(made_classes).tolist()}"
        raise ValueError(f"expected real and made items of the same classes, came {came}")
    sides = (np.asarray(real, np.float64), real_classes), (np.asarray(made, np.float64), made_classes)
    within = [gaussian_distance(*(features[classes == name] for features, classes in sides)) for name in names]
    means = [np.stack([features[classes == name].mean(axis=0) for name in names]) for features, classes in sides]
    weights = [np.array([(classes == name).mean() for name in names]) for _, classes in sides]
    return Distance(
        gaussian_distance(sides[0][0], sides[1][0]), gaussian_distance(*means, *weights),
        float(np.dot(counts / counts.sum(), within)),
    )  # fmt: skip


def gaussian_distance(
    left: np.ndarray, right: np.ndarray, left_weights: np.ndarray | None = None, right_weights: np.ndarray | None = None
) -> float:
    """d = |μ₁ − μ₂|² + tr C₁ + tr C₂ − 2 ‖F₁ F₂ᵀ‖_*, C = FᵀF with rows F_i = √w_i (x_i − μ), w_i = 1/N if not given.

    tr (C₁ C₂)^½ is the sum of singular values of F₁ F₂ᵀ, which needs no root of a singular matrix.
    Shapes: [N D], [M D], [N], [M]. Units: squared feature units.
    """
    (mean, first), (other, second) = _factor(left, left_weights), _factor(right, right_weights)
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    found = ((mean - other) ** 2).sum() + (first**2).sum() + (second**2).sum() - 2 * shared
    return float(max(found, 0.0))


def _factor(features: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The mean [D], and F with FᵀF the covariance: at most D rows."""
    shares = np.full(len(features), 1 / len(features)) if weights is None else weights / weights.sum()
    mean = shares @ features
    rows = np.sqrt(shares)[:, None] * (features - mean)
    return mean, rows if len(rows) <= rows.shape[1] else np.asarray(np.linalg.qr(rows, mode="r"))


def _divergence(rows: np.ndarray, against: np.ndarray) -> np.ndarray:
    """KL(rows ‖ against) with 0 log 0 = 0. Shapes: [N K], [K] or [N K] -> [N]."""
    from scipy.special import rel_entr

    return rel_entr(rows, np.broadcast_to(against, rows.shape)).sum(axis=1)


def _distributions(probabilities: np.ndarray) -> np.ndarray:
    rows = np.asarray(probabilities, np.float64)
    if rows.ndim != 2 or not len(rows) or rows.min() < 0 or not np.allclose(rows.sum(axis=1), 1):
        raise ValueError(f"expected p(y|x) [N K] whose rows sum to 1, came shape {rows.shape}")
    return rows


def _classes(classes: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers from 0 in order, and how many items each has."""
    if np.shape(classes) != (count,):
        raise ValueError(f"expected a class of each of {count} items, came {np.shape(classes)}")
    _, numbers, counts = np.unique(classes, return_inverse=True, return_counts=True)
    return numbers, counts
