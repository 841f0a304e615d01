"""Code combinations and their sets: the example of supp §3 and every count of spec §5.1 and §5.2 (I1 to I3)."""

from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.papers.contrasfill import combinations as c

PATTERNS = ("cycle", "blocks")


def as_sets(pairs):
    return {frozenset(pair) for pair in pairs}


def test_example_of_four_by_four_codes_has_the_printed_counts():
    cells, red_blue = c.full_grid(4, 4), (0, 0)
    assert len(cells) == 16 and len(c.pairs(cells)) == comb(16, 2) == 120
    for space in c.SPACES:
        assert len(c.positives(cells, red_blue, space)) == 3
        assert len(c.negatives(cells, red_blue, space)) == 12
        assert len(c.hard_negatives(cells, red_blue, space)) == 3
        assert len(c.positive_pairs(cells, space)) == 4 * comb(4, 2) == 24  # the text's later 4 C(16,2) = 480 is a slip
    assert c.positives(cells, red_blue, "known") == [(0, 1), (0, 2), (0, 3)]
    assert c.hard_negatives(cells, red_blue, "known") == [(1, 0), (2, 0), (3, 0)]


@pytest.mark.parametrize("n", [2, 4, 8])
def test_full_grid_has_the_counts_of_the_formulas(n):
    cells = c.full_grid(n, n)
    assert len(cells) == n**2 and len(c.pairs(cells)) == comb(n**2, 2)
    for space in c.SPACES:
        assert {len(c.positives(cells, cell, space)) for cell in cells} == {n - 1}
        assert {len(c.negatives(cells, cell, space)) for cell in cells} == {n * (n - 1)}
        assert {len(c.hard_negatives(cells, cell, space)) for cell in cells} == {n - 1}
        assert len(c.positive_pairs(cells, space)) == n * comb(n, 2)
        assert len(c.negative_pairs(cells, space)) == n**2 * n * (n - 1) // 2


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("n", [2, 4, 8])
def test_subsample_has_two_images_for_each_code_and_one_hard_negative_for_each_image(n, pattern):
    cells = c.subsample(n, n, pattern)
    assert len(cells) == len(set(cells)) == 2 * n
    for axis in (0, 1):
        assert np.bincount([cell[axis] for cell in cells]).tolist() == [2] * n
    for space in c.SPACES:
        assert {len(c.positives(cells, cell, space)) for cell in cells} == {1}
        assert {len(c.negatives(cells, cell, space)) for cell in cells} == {2 * n - 2}
        assert {len(c.hard_negatives(cells, cell, space)) for cell in cells} == {1}
        assert len(c.positive_pairs(cells, space)) == n
        assert len(c.negative_pairs(cells, space)) == n * (2 * n - 1) - n


def test_batch_of_the_paper_has_the_counts_of_spec_5_2():
    cells = c.subsample(8, 8, "cycle")
    assert len(cells) == 16 and len(c.pairs(cells)) == 120
    assert len(c.positive_pairs(cells, "known")) == 8 and len(c.negative_pairs(cells, "unknown")) == 112
    assert len(c.subsample(4, 4, "cycle")) == 8


@pytest.mark.parametrize("cells", [c.full_grid(4, 4), c.subsample(8, 8, "cycle"), c.subsample(8, 8, "blocks")])
def test_hard_negatives_of_one_space_are_the_positives_of_the_other(cells):
    known, unknown = (as_sets(c.positive_pairs(cells, space)) for space in c.SPACES)
    assert not known & unknown
    assert as_sets(c.hard_negative_pairs(cells, "known")) == unknown
    assert as_sets(c.hard_negative_pairs(cells, "unknown")) == known


def cycle_lengths(cells):
    left, lengths = set(cells), []
    while left:
        walk = [left.pop()]
        while True:
            axis = len(walk) % 2
            following = [cell for cell in left if cell[axis] == walk[-1][axis]]
            if not following:
                break
            walk.append(following[0])
            left.remove(following[0])
        lengths.append(len(walk))
    return sorted(lengths)


def test_cycle_is_one_cycle_and_blocks_are_cycles_of_four():
    assert cycle_lengths(c.subsample(8, 8, "cycle")) == [16]
    assert cycle_lengths(c.subsample(8, 8, "blocks")) == [4, 4, 4, 4]


def test_one_code_batch_has_one_positive_fourteen_negatives_and_none_hard():
    cells = c.repeated(8, 2)
    assert len(cells) == 16
    assert {len(c.positives(cells, cell, "unknown")) for cell in cells} == {1}
    assert {len(c.negatives(cells, cell, "unknown")) for cell in cells} == {14}
    assert c.hard_negative_pairs(cells, "unknown") == []


@given(n=st.sampled_from([2, 4, 6]), pattern=st.sampled_from([*PATTERNS, "full"]), space=st.sampled_from(c.SPACES))
@settings(max_examples=18, deadline=None)
def test_masks_hold_exactly_the_listed_sets(n, pattern, space):
    cells = c.full_grid(n, n) if pattern == "full" else c.subsample(n, n, pattern)
    masks = c.masks(cells, space)
    for name, of in (("positive", c.positives), ("negative", c.negatives), ("hard", c.hard_negatives)):
        for row, cell in enumerate(cells):
            assert [cells[i] for i in np.flatnonzero(masks[name][row])] == of(cells, cell, space)


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_random_cells_give_every_image_a_positive_and_lose_the_hard_ones(seed):
    cells = c.random_cells(8, 8, 16, np.random.default_rng(seed))
    assert len(set(cells)) == 16 and cells == c.random_cells(8, 8, 16, np.random.default_rng(seed))
    for space in c.SPACES:
        assert all(c.positives(cells, cell, space) for cell in cells)


def test_wrong_requests_are_refused():
    for arguments, message in (
        ((8, 4, "cycle"), "equally many"),
        ((1, 1, "cycle"), "2 or more"),
        ((3, 3, "blocks"), "even"),
        ((4, 4, "star"), "cycle or blocks"),
    ):
        with pytest.raises(ValueError, match=message):
            c.subsample(*arguments)
    with pytest.raises(ValueError, match="known or unknown"):
        c.positives([(0, 0)], (0, 0), "both")
    with pytest.raises(ValueError, match="twice"):
        c.masks([(0, 0), (0, 0)], "known")
    with pytest.raises(ValueError, match="at least 2"):
        c.repeated(1, 2)
