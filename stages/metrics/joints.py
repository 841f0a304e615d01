"""How well the centroids of discovered parts tell where body joints are, some of which are missing."""

import numpy as np

from stages.metrics.regression import flat, least_squares


def summed_joint_error(
    train_points: np.ndarray, train_joints: np.ndarray, test_points: np.ndarray, test_joints: np.ndarray
) -> float:
    """The sum over joints and axes of the mean absolute error of a linear regression with intercept.

    Σ over (joint, axis) of mean |ŷ − y| over the test frames that show it; each fit sees the training frames that do.
    Source: code (GANSeg, after Siarohin et al.), spec §5.3: 18 joints give 36 terms, hence values like 417.
    Shapes: points [n K 2], joints [n J 2], (x, y), NaN where missing. Units: those of the joints.
    Raises: ValueError for a coordinate that no training or no test frame shows.
    """
    x, x_test = (np.concatenate([flat(points), np.ones((len(points), 1))], 1) for points in (train_points, test_points))
    y, y_test = flat(train_joints), flat(test_joints)
    total = 0.0
    for column in range(y.shape[1]):
        seen, asked = np.isfinite(y[:, column]), np.isfinite(y_test[:, column])
        if not seen.any() or not asked.any():
            place = f"joint {column // 2}, axis {'xy'[column % 2]}"
            raise ValueError(
                f"{place}: expected frames that show it on both sides, came {seen.sum()} and {asked.sum()}"
            )
        beta = least_squares(x[seen], y[seen, column : column + 1])
        total += float(np.abs((x_test[asked] @ beta)[:, 0] - y_test[asked, column]).mean())
    return total
