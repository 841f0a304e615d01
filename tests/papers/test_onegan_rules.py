"""How OneGAN's claims are decided, on invented numbers: against a rule of thumb in the test, for any of them."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.draw.metrics import add_asked
from stages.draw.ruled import Judged, together
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN, WORDS, Part
from stages.papers.onegan.report.names import arrow, family
from stages.papers.onegan.report.rules import judge
from stages.papers.onegan.report.runs import Score
from stages.papers.onegan.report.verdicts import less, pair
from tests.papers import onegan_tables

NUMBERS = st.dictionaries(st.integers(0, 5), st.tuples(st.integers(-3, 3), st.integers(-3, 3)), max_size=5)


def score_of(numbers: dict[int, tuple[int, int]], reason: str = "") -> Score:
    """Methods a and b by seed."""
    by_seed = {
        seed: {"values": [{"method": name, "metric": "x", "value": one} for name, one in zip("ab", both, strict=True)]}
        for seed, both in numbers.items()
    }
    return Score("bird_boxes", by_seed, reason)


def judged(numbers: dict[int, tuple[int, int]], ordering: bool) -> Judged:
    score = score_of(numbers)
    return judge("here", [(score, name, "x") for name in "ab"], pair, less, "a, b", "<", ordering)


@given(NUMBERS, st.booleans())
def test_a_place_is_decided_by_all_of_its_seeds(numbers, ordering):
    found, met = judged(numbers, ordering), [a < b for a, b in numbers.values()]
    if not met:
        assert (found.word, found.why) == (NOT_DECIDED, "not measured")
    elif ordering and len(met) < 3:
        assert found.word == NOT_DECIDED and found.why.startswith("not testable (")
    else:
        assert found.word == (HOLDS if all(met) else FAILS)
    assert (found.part.met or 0) == sum(met) and found.seeds == len(met)


def test_seeds_count_where_all_sides_have_them():
    first, second = score_of({0: (1, 0), 1: (1, 0), 2: (1, 0)}), score_of({0: (0, 2), 2: (0, 0)})
    found = judge("here", [(first, "a", "x"), (second, "b", "x")], pair, less, "a, b", "<")
    assert (found.word, found.seeds, found.part.met) == (FAILS, 2, 1)
    assert (found.part.ours, found.part.against) == ("1", "1")  # means over seeds 0 and 2


def test_a_set_that_is_left_out_is_not_run():
    held, out = score_of({0: (0, 1)}), score_of({}, "left out")
    found = judge("here", [(held, "a", "x"), (out, "b", "x")], pair, less, "a, b", "<")
    assert (found.word, found.why) == (NOT_RUN, "left out")


@pytest.mark.parametrize("words", list(product(WORDS, repeat=2)), ids="-".join)
def test_places_together(words):
    """Sets left out decide nothing; of the others one that fails is enough."""
    places = [Judged(word, Part("here", "", None), 0 if word == NOT_RUN else 3, "why") for word in words]
    found = together("O1", "rule", "paper", places).verdict
    ran = {word for word in words if word != NOT_RUN}
    wanted = NOT_RUN if not ran else FAILS if FAILS in ran else HOLDS if ran == {HOLDS} else NOT_DECIDED
    assert found.word == wanted and len(found.parts) == 2
    assert bool(found.why) == (wanted in (NOT_DECIDED, NOT_RUN))
    assert together("O1", "rule", "paper", places, exact=True).verdict.seeds == 0


def test_measures_have_a_side_by_their_family():
    assert family("FD-squeezenet1_0 background") == "FD" and family("FID background") == "FID"
    marks = {"FD-demo": " ↓", "FID": " ↓", "IS-probe": " ↑", "WCFD-demo": " ↓", "BCIS-probe": " ↑", "mask_mean": ""}
    assert {metric: arrow(metric) for metric in marks} == marks


@pytest.mark.parametrize("name", [name for name in onegan_tables.TABLES if "claims" not in name])
def test_every_table_gives_the_metrics_that_dvc_shows(name, tmp_path):
    texts = onegan_tables.TABLES[name](tmp_path)
    assert '"bird_boxes"' in add_asked(texts, ["metrics.json"])["metrics.json"]
