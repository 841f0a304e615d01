"""Least squares as published protocols do it."""

import numpy as np


def least_squares(features: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """β = (XᵀX)⁻¹ XᵀY; where XᵀX is singular, (XᵀX + 1)⁻¹ XᵀY. An intercept is a column of ones in X.

    Source: code (GANSeg), spec §5.2 step 3, §5.3; singular = its numerical rank in float64 is not full.
    Shapes: X [n p], Y [n q] → β float64 [p q].
    Raises: ValueError for rows that do not match, or values that are not finite.
    """
    x, y = np.asarray(features, np.float64), np.asarray(targets, np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y) or not len(x):
        raise ValueError(f"expected features [n p] and targets [n q], came {x.shape} and {y.shape}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("expected finite features and targets, came some that are not; leave missing rows out")
    square = x.T @ x
    if np.linalg.matrix_rank(square, hermitian=True) < len(square):
        square = square + np.eye(len(square))
    return np.linalg.solve(square, x.T @ y)


def flat(points: np.ndarray) -> np.ndarray:
    """[n K 2] → [n 2K], float64."""
    return np.asarray(points, np.float64).reshape(len(points), -1)
