"""Whether two codes steer different things: angles along the columns and rows of a grid of images."""

from typing import NamedTuple

from torch import Tensor

from stages.metrics.angle import features_to_pair_angles


class GridAngles(NamedTuple):
    """Of each grid, the mean angle between images of one row, and between images of one column, in degrees."""

    between_columns: Tensor
    between_rows: Tensor


def grids_to_angles(features: Tensor) -> GridAngles:
    """Mean angle over all pairs of images that differ in one code alone.

    between_columns: other column, same row (A_kk for the known space); between_rows: same column, other row (A_ku).

    Source: spec §8.5. Shapes: [N rows columns D] -> float64 [N] twice. Units: degrees.
    Raises: ValueError where a grid has fewer than two rows or columns.
    """
    if features.ndim != 4:
        raise ValueError(f"expected features [grids, rows, columns, dimensions], got shape {tuple(features.shape)}")
    grids, rows, columns, dimensions = features.shape
    along = features.reshape(grids * rows, columns, dimensions)
    down = features.transpose(1, 2).reshape(grids * columns, rows, dimensions)
    means = [features_to_pair_angles(part).reshape(grids, -1).mean(dim=1) for part in (along, down)]
    return GridAngles(*means)
