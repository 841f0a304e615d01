"""Figures 2 to 6: what is drawn is what the loss's set functions say, in the counts and colours of the text."""

import json
from pathlib import Path

import matplotlib.colors
import numpy as np
import pytest
from matplotlib.patches import Circle, Rectangle

from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.report import example, fig02, fig03, fig04, fig05, fig06, notation
from stages.runner import params

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"profile": "demo", "codes": 4, "anchor": [0, 0], "partner": [0, 1], "space": "known", "subsample": "cycle",
        "pairs_shown": 10}  # fmt: skip
COLOURS = [{matplotlib.colors.to_rgb(colour): place for place, (_, colour) in enumerate(side)}
           for side in (notation.KNOWN, notation.UNKNOWN)]  # fmt: skip


def block(**changes) -> notation.Block:
    return notation.Block.model_validate_json(json.dumps(KEYS | changes))


def tiles(figure) -> list[tuple[tuple[int, int], float, float, bool]]:
    """Every two-colour tile as (cell, x, y, fully inked), read from the drawing's rectangles alone."""
    axes = figure.axes[0]
    halves = {}
    for shape in (patch for patch in axes.patches if type(patch) is Rectangle):
        colour = tuple(shape.get_facecolor()[:3])
        for space, known in enumerate(COLOURS):
            if colour in known and shape.get_edgecolor()[3] == 0:
                x, y = shape.get_x() + shape.get_width() / 2, shape.get_y() + (0 if space == 0 else shape.get_height())
                place = halves.setdefault((round(x, 3), round(y, 3)), {})
                place[space] = (known[colour], shape.get_alpha() in (None, 1.0))
    assert all(set(held) == {0, 1} for held in halves.values()), "a tile lacks its upper or lower colour"
    return [((held[0][0], held[1][0]), x, y, held[0][1]) for (x, y), held in halves.items()]


def pairs_of(figure) -> set[tuple]:
    """Pairs of tiles that stand within one pair's width of each other, left one first."""
    found, lines = set(), {}
    for cell, x, y, _ in tiles(figure):
        lines.setdefault(y, []).append((x, cell))
    for line in lines.values():
        ordered = [cell for _, cell in sorted(line)]
        found |= set(zip(ordered[::2], ordered[1::2], strict=True))
    return found


def test_colours_are_the_texts_in_its_order():
    assert [name for name, _ in notation.KNOWN] == ["red", "yellow", "pink", "orange"]
    assert [name for name, _ in notation.UNKNOWN] == ["blue", "green", "purple", "cyan"]
    for name, colour in (*notation.KNOWN, *notation.UNKNOWN):
        red, _, blue = matplotlib.colors.to_rgb(colour)
        assert (red > blue) == (name in dict(notation.KNOWN)), f"{name} is not on its side of warm and cold"


def test_figure_2_shows_all_combinations_and_some_pairs():
    made = fig02.illustrate(block(), {})
    shown = tiles(made.figure)
    assert len(shown) == 16 + 2 * 10
    discs = [patch for patch in made.figure.axes[0].patches if isinstance(patch, Circle)]
    assert len(discs) == 8 and "120 pairs" in made.caption and made.profile == "demo without data"
    grid = sorted(shown, key=lambda tile: -tile[2])[:16]  # the grid stands above the pairs
    assert {cell for cell, *_ in grid} == set(combinations.full_grid(4, 4))
    rows = {cell[0]: {y for other, _, y, _ in grid if other[0] == cell[0]} for cell, *_ in grid}
    assert all(len(heights) == 1 for heights in rows.values()), "known codes go line by line"


def test_figure_3_is_the_three_positive_pairs_of_red_and_blue():
    made = fig03.illustrate(block(), {})
    assert pairs_of(made.figure) == {((0, 0), (0, 1)), ((0, 0), (0, 2)), ((0, 0), (0, 3))}
    assert "red + blue" in made.caption and "24 positive pairs" in made.caption


def test_figure_4_is_the_twelve_negative_pairs_with_three_highlighted():
    made = fig04.illustrate(block(), {})
    assert pairs_of(made.figure) == {((0, 0), (k, u)) for k in (1, 2, 3) for u in range(4)}
    bold = [text for text in made.figure.axes[0].texts if text.get_text() == "(" and text.get_weight() == "bold"]
    assert len(bold) == 3 and "12 images" in made.caption


def test_figure_5_is_equation_3():
    """Numerator and first term below: the positive pair; then the 12 negatives: 14 terms, 3 of them hard."""
    made = fig05.illustrate(block(), {})
    shown = tiles(made.figure)
    assert len(shown) == 2 * 14
    partners = [cell for cell, *_ in shown if cell != (0, 0)]
    assert partners.count((0, 1)) == 2 and len([cell for cell in partners if cell[0] != 0]) == 12
    signs = [text.get_text() for text in made.figure.axes[0].texts]
    assert signs.count("+") == 12 and signs.count(r"$f$") == 14


def test_figures_follow_the_sets_in_the_other_space_and_for_other_anchors():
    made = fig03.illustrate(block(space="unknown", anchor=[1, 2], partner=[0, 2]), {})
    assert pairs_of(made.figure) == {((1, 2), (k, 2)) for k in (0, 2, 3)}
    assert "yellow + purple" in made.caption


@pytest.mark.parametrize("pattern", ["cycle", "blocks"])
def test_figure_6_frames_the_subsample_and_counts_two_everywhere(pattern):
    made = fig06.illustrate(block(subsample=pattern), {})
    framed = {cell for cell, _, _, full in tiles(made.figure) if full}
    assert framed == set(combinations.subsample(4, 4, pattern)) and len(framed) == 8
    numbers = [text.get_text() for text in made.figure.axes[0].texts if text.get_text().isdigit()]
    assert sorted(numbers) == ["2"] * 8 + ["8"]
    assert len(made.figure.axes[0].lines) == 8, "every framed image is joined to one in its line and one in its column"


def test_the_matrices_of_the_loss_are_the_same_sets():
    """Figures list partners, the loss takes matrices: row by row they agree."""
    cells = combinations.full_grid(4, 4)
    for space in combinations.SPACES:
        matrices = combinations.masks(cells, space)
        for name, members in (("positive", combinations.positives), ("negative", combinations.negatives),
                              ("hard", combinations.hard_negatives)):  # fmt: skip
            for row, cell in enumerate(cells):
                partners = [cells[place] for place in np.flatnonzero(matrices[name][row])]
                assert partners == members(cells, cell, space)


def test_the_example_has_the_numbers_of_the_text():
    assert example.counts() == {
        "combinations": 16, "positives of an image": 3, "negatives of an image": 12, "hard negatives of an image": 3,
        "positive pairs": 24, "images of the subsample": 8,
    }  # fmt: skip
    assert all(held.held() == 1 for held in example.example_comparisons())


def test_the_figure_takes_the_pattern_that_trains():
    layers = params.load(ROOT)["contrasfill"]
    assert layers["notation"]["base"]["subsample"] == layers["contrasfill"]["base"]["subsample"]


def test_a_partner_that_is_no_positive_is_refused():
    with pytest.raises(ValueError, match="no positive"):
        block(partner=[1, 0])
    with pytest.raises(ValueError, match="less than or equal to 4"):
        block(codes=5)
