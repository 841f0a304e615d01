"""Statistics of logits on hand-made curves, and the claims that rest on them."""

import math

import numpy as np
import pytest

from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED
from stages.papers.mscond.report import claims, dynamics
from stages.papers.mscond.report.block import ReportBlock
from stages.papers.mscond.report.logits import SAID, Track, metric_of, open_dynamics, read_tracks, statistics
from stages.papers.mscond.report.names import STREETS
from tests.papers import mscond_store as store

DEMO = ReportBlock(profile="demo")
SEEDS = (0, 1, 2)


def track(gap: list[float], fake: list[float], real: float = 1.0, held_out: bool = True) -> Track:
    """Real logits at 0 with one deviation, fake ones at -gap; held-out ones a quarter below the real."""
    ticks = len(gap)
    mean = {"real": np.zeros(ticks), "fake": -np.array(gap)} | ({"held_out": np.full(ticks, -0.25)} if held_out else {})
    return Track(np.arange(ticks), mean, {"real": np.full(ticks, real), "fake": np.array(fake)})


def test_statistics_by_hand():
    """Ten ticks: fifths of two, a last tenth of one, a second half of five."""
    found, absent = statistics(track([0, 2, 1, 1, 2, 2, 3, 3, 4, 6], [1, 1, 1, 1, 1, 2, 2, 2, 2, 7]))
    assert [found[f"gap_fifth_{number}"] for number in range(1, 6)] == [1, 1, 2, 3, 5]
    assert found["gap_over_deviation"] == pytest.approx(6 / math.sqrt((1 + 49) / 2))
    assert found["deviation_fake"] == 3 and found["deviation_ratio"] == 3 and found["deviation_trend"] == 4.5
    # The fake mean moves by 1, 0, 1, 2 from tick to tick in the second half, whose deviation is 3.
    assert found["jitter_fake"] == pytest.approx(1 / 3) and found["jitter_real"] == 0
    assert found["memorised"] == 0.25 and absent == {} and {*found, "deviation_rank"} == set(SAID)


def test_a_constant_added_to_all_logits_changes_nothing_and_a_factor_only_what_has_a_unit():
    chance = np.random.default_rng(3)
    gap, fake = chance.normal(size=40).tolist(), (1 + chance.random(40)).tolist()
    one = track(gap, fake)
    moved = Track(one.images, {name: held + 7 for name, held in one.mean.items()}, one.deviation)
    grown = Track(one.images, {name: 3 * held for name, held in one.mean.items()},
                  {name: 3 * held for name, held in one.deviation.items()})  # fmt: skip
    plain = statistics(one)[0]
    assert statistics(moved)[0] == pytest.approx(plain)
    for name, value in statistics(grown)[0].items():
        factor = 3 if name.startswith("gap_fifth") or name in ("memorised", "deviation_fake") else 1
        assert value == pytest.approx(factor * plain[name]), name


def test_without_held_out_pictures_or_with_few_ticks_a_number_is_absent_with_its_reason():
    found, absent = statistics(track([1.0] * 12, [1.0] * 12, held_out=False))
    assert absent == {"memorised": "no pictures are held out"} and "memorised" not in found
    found, absent = statistics(track([1.0] * 9, [1.0] * 9))
    assert found == {} and set(absent) == set(SAID) and set(absent.values()) == {"9 ticks, at least 10 are needed"}


def test_a_file_is_read_by_head_in_the_order_of_images(tmp_path):
    folder = store.models(tmp_path, ticks=12)[f"model_{STREETS}_s1_off_0"]
    found = read_tracks(folder)
    assert set(found) == {("own", 1), ("probe", 8), ("probe", 16)}
    own = found["own", 1]
    assert own.images.tolist() == [80 * tick for tick in range(1, 13)]
    assert own.gap == pytest.approx([0.4 + 4 * tick / 1000 for tick in range(12)])
    assert own.mean["held_out"] == pytest.approx(own.mean["real"] - 0.1)


def test_domains_of_other_ticks_are_refused(tmp_path):
    folder = store.models(tmp_path, ticks=12)[f"model_{STREETS}_s1_off_0"]
    from stages.data.files import read_table, write_table

    table = read_table(folder / "dynamics.parquet")
    types = {"domain": "str", "source": "str", "images": "int", "height": "int", "n": "int"}
    shorter = {name: list(values[:-1]) for name, values in table.items()}
    write_table(folder / "dynamics.parquet", shorter, {name: types.get(name, "float") for name in shorter})
    with pytest.raises(ValueError, match=r"\('probe', 16\): expected the same ticks in all domains, got 12 real"):
        read_tracks(folder)


def test_a_model_without_a_head_of_figure_2_or_of_another_seed_is_refused(tmp_path):
    held = store.models(tmp_path)
    store.write_dynamics(held[f"model_{STREETS}_s1_off_0"], {("own", 1): store.CLOSE}, 12, True)
    with pytest.raises(ValueError, match=r"expected logits of \('probe', 8\)"):
        open_dynamics(held, "demo")
    held = store.models(tmp_path / "other", SEEDS)
    held[f"model_{STREETS}_s1_off_1"] = held[f"model_{STREETS}_s1_off_0"]
    with pytest.raises(ValueError, match="whose seed is 1, got 0"):
        open_dynamics(held, "demo")


def test_ranks_are_among_the_heights_of_a_run(tmp_path):
    scores = open_dynamics(store.models(tmp_path), "demo")
    ranks = {head: scores[STREETS, "s1_16_off"].numbers(metric_of("deviation_rank", ("own", head)))[0]
             for head in (1, 8, 16)}  # fmt: skip
    assert ranks == {1: 2.0, 8: 2.0, 16: 1.0}


def odd(t: float) -> int:
    """1 at every other tick."""
    return round(t * 1000) % 2


# A claim -> run, source and height whose logits of the last seed turn it, and their curve.
TURNED = {
    "no drift": ("C4", ("s1_off", 2, "own", 1), lambda t: (1.0, -1.0, 1.0, 1.0)),
    "far apart at 8": ("C5", ("s1_16_off", 2, "own", 8), lambda t: (2.0, -2.0, 1.0, 1.0)),
    "the watching head is as close": ("C5", ("s1_off", 2, "probe", 16), lambda t: (0.05, 0.0, 1.0, 1.0)),
    "fake logits are narrow": ("C6", ("s1_16_off", 2, "own", 16), lambda t: (0.2, -0.3 * odd(t), 2.0, 1.9)),
    "real ones move more": ("C6", ("s1_16_off", 2, "own", 16), lambda t: (0.9 * odd(t), 0.0, 1.0, 2.0)),
    "MsConD is wider": ("C7", ("s1_16_on", 2, "own", 16), lambda t: (0.2, -0.2, 1.0, 3.0)),
}  # fmt: skip


@pytest.mark.parametrize("name", TURNED)
def test_one_curve_turns_its_claim_alone(name, tmp_path):
    claim, place, curve = TURNED[name]
    inputs = store.models(tmp_path, SEEDS, {place: curve}, ticks=40)
    found = {one: claims.EVERY[one]("demo", inputs).verdict.word for one in ("C4", "C5", "C6", "C7")}
    others = {one: word for one, word in found.items() if one != claim}
    assert found[claim] == FAILS and set(others.values()) == {HOLDS}


def test_two_seeds_are_not_testable(tmp_path):
    found = claims.EVERY["C7"]("demo", store.models(tmp_path, (0, 1), ticks=40)).verdict
    assert (found.word, found.why, found.parts[0].met) == (NOT_DECIDED, "not testable (2 seeds)", 2)


def test_overfitting_is_told_beside_c4_by_held_out_pictures_alone(tmp_path):
    parts = claims.EVERY["C4"]("demo", store.models(tmp_path / "a", SEEDS, ticks=40)).verdict.parts
    assert (parts[1].where, parts[1].comparison, parts[1].met) == ("real less held-out logit, last fifth", "0.1", None)
    inputs = store.models(tmp_path / "b", SEEDS, ticks=40, held_out=False)
    assert claims.EVERY["C4"]("demo", inputs).verdict.parts[1].comparison == "no pictures are held out"
    assert "| memorised | n/a |" in dynamics.tabulate(DEMO, inputs)["md"]
