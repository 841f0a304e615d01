"""Angles along the rows and columns of grids, against hand-made features and a loop (spec §8.5)."""

import numpy as np
import pytest
import torch

from stages.metrics.disentangled import grids_to_angles


def test_features_that_follow_the_column_alone():
    """Columns point along two axes, rows change nothing: 90 degrees between columns, 0 between rows."""
    grid = torch.eye(2)[None, None].expand(3, 2, 2, 2)
    found = grids_to_angles(grid)
    assert found.between_columns.tolist() == [90] * 3 and found.between_rows.tolist() == [0] * 3
    turned = grids_to_angles(grid.transpose(1, 2))
    assert turned.between_columns.tolist() == [0] * 3 and turned.between_rows.tolist() == [90] * 3


def test_means_are_over_all_pairs_that_share_the_other_code():
    generator = np.random.default_rng(0)
    grid = generator.standard_normal((2, 3, 4, 5))

    def angle(a, b):
        return np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))

    found = grids_to_angles(torch.from_numpy(grid))
    for n in range(2):
        columns = [angle(grid[n, r, a], grid[n, r, b]) for r in range(3) for a in range(4) for b in range(a)]
        rows = [angle(grid[n, a, c], grid[n, b, c]) for c in range(4) for a in range(3) for b in range(a)]
        assert len(columns) == 18 and len(rows) == 12
        assert float(found.between_columns[n]) == pytest.approx(np.mean(columns))
        assert float(found.between_rows[n]) == pytest.approx(np.mean(rows))


def test_lengths_of_features_do_not_matter_and_equal_images_have_no_angle():
    grid = torch.randn(2, 3, 3, 4, generator=torch.Generator().manual_seed(1))
    scaled = grid * torch.rand(2, 3, 3, 1, generator=torch.Generator().manual_seed(2)).add(0.5)
    for one, other in zip(grids_to_angles(grid), grids_to_angles(scaled), strict=True):
        assert torch.allclose(one, other, atol=1e-4)
    same = torch.ones(1, 2, 2, 3)
    assert [part.tolist() for part in grids_to_angles(same)] == [[0], [0]]


def test_a_grid_of_another_form_is_refused():
    with pytest.raises(ValueError, match="rows, columns"):
        grids_to_angles(torch.ones(2, 4, 3))
    with pytest.raises(ValueError, match="two samples"):
        grids_to_angles(torch.ones(2, 1, 4, 3))
