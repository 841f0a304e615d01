"""How MsConD's claims are decided, on invented numbers: against a rule of thumb in the test, for any of them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN
from stages.papers.mscond.report.names import RUNS, is_distance, title_of
from stages.papers.mscond.report.rules import Side, inversions, ordering

NUMBERS = st.dictionaries(st.integers(0, 4), st.integers(-2, 2), max_size=5)


def side(title: str, numbers: dict[int, int]) -> Side:
    return Side(title, {seed: float(value) for seed, value in numbers.items()}, "", f"nothing of {title}")


@given(NUMBERS, NUMBERS, NUMBERS)
def test_an_order_is_decided_by_the_seeds_that_all_sides_have(a, b, c):
    found = ordering("here", [side("a", a), side("b", b), side("c", c)], "x")
    common = sorted(set(a) & set(b) & set(c))
    met = [a[seed] < b[seed] < c[seed] for seed in common]
    if not common:
        assert found.word == NOT_DECIDED and found.part.met is None
    elif len(common) < 3:
        assert found.word == NOT_DECIDED and found.why.startswith("not testable (")
    else:
        assert found.word == (HOLDS if all(met) else FAILS)
    assert (found.part.met or 0) == sum(met) and found.seeds == len(common)


@given(NUMBERS, NUMBERS)
def test_the_other_sign_is_the_other_way_round(a, b):
    one, other = side("a", a), side("b", b)
    forth, back = ordering("here", [one, other], "x", ">"), ordering("here", [other, one], "x", "<")
    assert (forth.word, forth.part.met, forth.seeds) == (back.word, back.part.met, back.seeds)


def test_a_side_that_is_left_out_is_not_run_and_one_without_number_not_decided():
    held = side("a", {0: 1, 1: 1, 2: 1})
    found = ordering("here", [held, Side("b", {}, "left out", "left out")], "x")
    assert (found.word, found.why, found.part.comparison) == (NOT_RUN, "left out", "not run: b (left out)")
    found = ordering("here", [held, side("b", {})], "x")
    assert (found.word, found.why) == (NOT_DECIDED, "b: nothing of b")
    found = ordering("here", [side("a", {0: 1}), side("b", {1: 1})], "x")
    assert (found.word, found.why) == (NOT_DECIDED, "no seed has all of them")


def test_a_part_has_both_ends_with_their_spread():
    found = ordering("here", [side("a", {0: 1, 1: 2, 2: 3}), side("b", {0: 4, 1: 6, 2: 8})], "x", printed="1 < 2").part
    assert (found.ours, found.spread, found.against, found.against_spread) == ("2", "1", "6", "2")
    assert (found.comparison, found.met, found.printed) == ("2 (a) < 6 (b)", 3, "1 < 2")


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=6))
def test_inversions_are_zero_for_falling_numbers_alone(values):
    falling = all(b < a for a, b in pairwise(values))
    assert (inversions(values) == 0) == falling and inversions(values) < len(values)


@pytest.mark.parametrize(
    ("metric", "scene"), [("FD-demo", True), ("FID", True), ("FD-demo object car", False), ("detections_car", False)]
)
def test_scenes_distances_are_told_by_their_name(metric, scene):
    assert is_distance(metric) == scene


def test_a_taught_feature_network_stands_in_the_name():
    assert title_of("projectedgan", "demo") == "ProjectedGAN-demo (taught F)" == title_of("projectedgan", "smoke")
    assert title_of("projectedgan", "paper") == "ProjectedGAN" == title_of("projectedgan", "lite")
    assert {run: title_of(run, "demo") for run in RUNS if run != "projectedgan"} == {
        run: title for run, title in RUNS.items() if run != "projectedgan"
    }
