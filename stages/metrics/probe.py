"""A linear judge on frozen features: logistic regression taught on real pictures, asked about others."""

import warnings
from typing import Any, NamedTuple

import numpy as np


class Probe(NamedTuple):
    """A fitted pipeline (standardised features, then multinomial logistic regression) and the labels it knows [K]."""

    model: Any
    labels: np.ndarray
    converged: bool

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """p(y|x) of the labels in order. Shapes: [N D] -> float64 [N K]."""
        return self.model.predict_proba(np.asarray(features, np.float64))

    def look(self, features: np.ndarray) -> np.ndarray:
        """The likeliest label of each. Shapes: [N D] -> int64 [N]."""
        return self.labels[self.probabilities(features).argmax(axis=1)]


def fit_probe(features: np.ndarray, labels: np.ndarray, penalty: float, iterations: int) -> Probe:
    """Minimise Σ_i −log p(y_i|x_i) + penalty / 2 · |W|² by L-BFGS, on features standardised by their own mean and sd.

    Source: scikit-learn's LogisticRegression, C = 1 / penalty. One thread, so that the same input gives the same judge.
    `converged` is False where the steps ran out, which must be said beside what it judges.
    Shapes: [N D], [N] of any integers. Raises: ValueError for lengths that differ, fewer than two labels, or features
    that are not finite.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from threadpoolctl import threadpool_limits

    features, labels = np.asarray(features, np.float64), np.asarray(labels)
    if features.ndim != 2 or labels.shape != features.shape[:1] or len(np.unique(labels)) < 2:
        came = f"{features.shape} and {labels.shape} with {len(np.unique(labels))} different"
        raise ValueError(f"expected features [N D] and labels [N], at least two different ones, came {came}")
    if not np.isfinite(features).all():
        raise ValueError("expected finite features, came some that are not: look at the images and the network")
    regression = LogisticRegression(C=1 / penalty, max_iter=iterations)
    model = make_pipeline(StandardScaler(), regression)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(features, labels)
    return Probe(model, regression.classes_, int(np.max(regression.n_iter_)) < iterations)
