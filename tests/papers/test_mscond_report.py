"""MsConD's tables and verdicts from made-up scores: each claim both ways, every cell a number or a reason."""

import csv
import io
import json
from pathlib import Path

import pytest

from stages.draw.metrics import add_asked
from stages.draw.ruled import Ruled
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN, SHOWN
from stages.papers.mscond.report import claims, dynamics, fid, object_fid, scene_ladder
from stages.papers.mscond.report.block import ReportBlock
from stages.papers.mscond.report.names import RUNS_OF, SETS, STREETS
from stages.papers.mscond.report.runs import open_scores
from tests.papers import mscond_store as store
from tests.papers import mscond_tables as tables

DEMO = ReportBlock(profile="demo")
SEEDS = (0, 1, 2)
FD = store.FD
FEW = "12 crops in 1024 generated pictures, 150 are compared"


def cells(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["method"], row["dataset"], row["metric"]): row for row in csv.DictReader(io.StringIO(text))}


def words(text: str) -> dict[str, str]:
    return {row["claim"]: row["verdict"] for row in csv.DictReader(io.StringIO(text))}


def decided(name: str, inputs: dict[str, Path]) -> Ruled:
    return claims.EVERY[name]("demo", inputs)


def test_a_cell_in_full(tmp_path):
    """60, 60.1, 60.2: mean 60.1, standard deviation .1; by another network than FID's there is no difference."""
    found = cells(fid.tabulate(DEMO, store.everything(tmp_path, SEEDS))["csv"])
    assert found["s1_off", STREETS, FD] == {
        "method": "s1_off", "dataset": STREETS, "metric": FD, "unit": "1", "ours": "60.1", "spread": "0.1",
        "seeds": "3", "printed": "8.04", "difference": "", "profile": "demo",
        "protocol": "extractor=taught; n=1024; printed=FID, another measure: not comparable in value; psi=1.0",
    }  # fmt: skip
    assert found["halves", "kitchen", FD]["ours"] == "9" and found["insgen", "kitchen", FD]["seeds"] == "1"


def test_fid_has_the_eleven_printed_values_and_says_where_there_is_none(tmp_path):
    found = fid.tabulate(DEMO, store.everything(tmp_path))
    printed = {place: row["printed"] for place, row in cells(found["csv"]).items() if row["printed"]}
    assert len(printed) == 11 and printed["s1_16_on", STREETS, FD] == "2.63"
    assert cells(found["csv"])["s1_16_on", "livingroom", FD]["printed"] == ""
    assert "| 30 (no printed value) |" in found["md"]


def test_fid_itself_has_a_difference(tmp_path):
    inputs = store.everything(tmp_path)
    for folder in inputs.values():
        if (folder / "score.json").is_file():
            text = (folder / "score.json").read_text(encoding="utf-8").replace(FD, "FID")
            (folder / "score.json").write_text(text, encoding="utf-8")
    row = cells(fid.tabulate(DEMO, inputs)["csv"])["s1_16_on", STREETS, "FID"]
    assert (row["ours"], row["printed"], row["difference"]) == ("30", "2.63", "27.37")


def test_printed_inversions_stay_and_ours_are_told(tmp_path):
    changed = {("kitchen", "projectedgan", 0, FD): 61.0}
    found = fid.tabulate(DEMO, store.everything(tmp_path, changed=changed))["md"]
    section = found[found.index("## Behind StyleGAN2") : found.index("## What the text claims")]
    assert section.splitlines()[2:5] == [
        "- Livingroom, printed: ProjectedGAN (5.51 against 4.64)",
        "- Kitchen, printed: InsGen (5.76 against 5.10)",
        "- Kitchen, here: ProjectedGAN-demo (taught F) (61 against 60)",
    ]


def test_a_model_is_behind_in_the_seeds_that_both_have(tmp_path):
    """StyleGAN2's mean over three seeds is lower than its seed 0, which alone the others have."""
    changed = {(STREETS, "s1_off", 1, FD): 3.0, (STREETS, "s1_off", 2, FD): 6.0, (STREETS, "insgen", 0, FD): 61.0}
    found = fid.tabulate(DEMO, store.everything(tmp_path, SEEDS, changed, store.demo))["md"]
    lines = [line for line in found.splitlines() if line.startswith("- Cityscapes, here")]
    assert lines == ["- Cityscapes, here: InsGen (61 against 60, seed 0), MsConD (30.1 against 23)"]


def test_every_seed_is_printed(tmp_path):
    found = fid.tabulate(DEMO, store.everything(tmp_path, SEEDS))["md"]
    assert "- Cityscapes, FD-demo, MsConD: 30 (seed 0), 30.1 (seed 1), 30.2 (seed 2)" in found


def test_too_few_objects_have_their_count_and_no_number(tmp_path):
    changed = {(STREETS, "s1_8_on", 0, f"{FD} object person"): FEW}
    found = object_fid.tabulate(DEMO, store.everything(tmp_path, changed=changed))
    row = cells(found["csv"])["s1_8_on", STREETS, f"{FD} object person"]
    assert (row["ours"], row["protocol"], row["seeds"]) == ("n/a (12 crops)", FEW, "0")
    # 30 and 40 of cars and buses; people are in no mean, since one run has none.
    mean = cells(found["csv"])["s1_off", STREETS, f"{FD} object mean"]
    assert (mean["ours"], mean["protocol"]) == ("35", "mean over=car, bus; n=150")
    assert words(found["claims.csv"]) == {"C2": NOT_DECIDED, "C3": NOT_DECIDED}


def test_a_seed_without_number_is_told_beside_the_others(tmp_path):
    changed = {(STREETS, "s1_off", 1, f"{FD} object car"): FEW}
    row = cells(object_fid.tabulate(DEMO, store.everything(tmp_path, SEEDS, changed))["csv"])
    held = row["s1_off", STREETS, f"{FD} object car"]
    assert (held["ours"], held["seeds"]) == ("30.05", "2") and f"seed 1=n/a, {FEW}" in held["protocol"]


def test_no_common_category_gives_no_mean(tmp_path):
    changed = {(STREETS, "insgen", 0, f"{FD} object {name}"): FEW for name in store.CATEGORIES[STREETS]}
    found = cells(object_fid.tabulate(DEMO, store.everything(tmp_path, changed=changed))["csv"])
    assert found["s1_off", STREETS, f"{FD} object mean"]["protocol"].startswith("no category has a number")


def test_detections_stand_beside_those_of_real_pictures(tmp_path):
    found = cells(object_fid.tabulate(DEMO, store.everything(tmp_path))["csv"])
    assert (found["real", STREETS, "detections_car"]["ours"], found["s1_off", STREETS, "detections_car"]["ours"]) == (
        "1.7", "1.6",
    )  # fmt: skip
    assert ("s1_8_on", "kitchen", "detections_oven") not in found


def test_the_ladder_has_a_line_for_each_scale_set(tmp_path):
    found = scene_ladder.tabulate(DEMO, store.everything(tmp_path))["md"]
    for line in (
        "| 1: FD-demo ↓ | 60 | 56 |  |",
        "| 1-8: FD-demo ↓ | 50 | 45 |  |",
        "| 1-16: FD-demo ↓ | 40 | 30 |  |",
    ):
        assert line in found


def test_scores_that_do_not_belong_are_refused(tmp_path):
    held = store.scores(tmp_path)
    with pytest.raises(ValueError, match="expected an input named score_kitchen_insgen_<seed>"):
        open_scores({k: v for k, v in held.items() if k != "score_kitchen_insgen_0"}, "demo", RUNS_OF)
    with pytest.raises(ValueError, match="whose profile is paper, got demo"):
        open_scores(held, "paper", RUNS_OF)
    for name, other, said in (
        ("score_kitchen_insgen_0", "score_livingroom_insgen_0", "whose data is kitchen, got livingroom"),
        ("score_kitchen_insgen_0", "score_kitchen_s1_off_0", "whose run is insgen, got s1_off"),
        ("reference_kitchen", "score_kitchen_s1_off_0", "whose run is reference, got s1_off"),
    ):
        with pytest.raises(ValueError, match=said):
            open_scores(held | {name: held[other]}, "demo", RUNS_OF)


def test_runs_whose_names_begin_alike_are_not_mixed(tmp_path):
    """s1_1 would be a prefix of s1_16_off, and score_city_scenes_s1_off of a run called off."""
    scores = open_scores(store.scores(tmp_path, SEEDS), "demo", RUNS_OF)
    assert {place for place in scores if place[1] != "reference"} == {(n, run) for n in SETS for run in RUNS_OF[n]}
    assert scores[STREETS, "s1_off"].numbers(FD) == {0: 60.0, 1: 60.1, 2: 60.2}


def test_seeds_of_one_cell_do_not_mix_protocols(tmp_path):
    held = store.everything(tmp_path, SEEDS)
    store.change(held[f"score_{STREETS}_s1_off_1"], lambda facts: facts["values"][0]["protocol"].update(psi=0.7))
    with pytest.raises(ValueError, match=f"protocol of {FD} on {STREETS} differs"):
        fid.tabulate(DEMO, held)


def test_every_claim_of_the_demo_as_settled(tmp_path):
    """Baselines, rooms and 1-8 have one seed: what compares them is not testable; logits have three."""
    found = claims.tabulate(DEMO, store.everything(tmp_path, SEEDS, ran=store.demo))
    held = words(found["csv"])
    assert held == {
        "C1": NOT_DECIDED, "C2": NOT_DECIDED, "C3": NOT_DECIDED, "C4": HOLDS, "C5": HOLDS, "C6": HOLDS, "C7": HOLDS,
        "C8": NOT_DECIDED, "C9": NOT_DECIDED,
    }  # fmt: skip
    assert "not decided: not testable (1 seed) (demo: no evidence)" in found["md"]
    assert json.loads(add_asked(found, ["verdicts.json"])["verdicts.json"]) == held


def test_a_smoke_profile_has_all_tables_with_reasons(tmp_path):
    inputs = store.everything(tmp_path, SEEDS, ran=store.smoke)
    held = words(claims.tabulate(DEMO, inputs)["csv"])
    assert held == {
        "C1": NOT_DECIDED, "C2": NOT_RUN, "C3": NOT_RUN, "C4": NOT_DECIDED, "C5": NOT_RUN, "C6": NOT_RUN, "C7": NOT_RUN,
        "C8": NOT_RUN, "C9": NOT_DECIDED,
    }  # fmt: skip
    row = cells(fid.tabulate(DEMO, inputs)["csv"])["s1_off", "kitchen", "FD"]
    assert (row["ours"], row["protocol"], row["printed"]) == ("n/a (profile)", store.OUT, "5.10")
    row = cells(dynamics.tabulate(DEMO, inputs)["csv"])["s1_16_off", STREETS, "gap_fifth_5 at 16"]
    assert (row["ours"], row["protocol"]) == ("n/a (profile)", store.OUT)


def test_three_seeds_decide_what_compares_on_streets(tmp_path):
    """C1 asks for rooms too, which have one seed."""
    held = words(claims.tabulate(DEMO, store.everything(tmp_path, SEEDS))["csv"])
    assert held == {name: NOT_DECIDED if name in ("C1", "C9") else HOLDS for name in claims.EVERY}


def on_streets(run: str, metric: str, value: float) -> dict:
    return {(STREETS, run, 2, metric): value}


# A claim -> one planted number of the last seed that turns it.
TURNED = {
    "a baseline is better": ("C1", on_streets("insgen", FD, 20.0)),
    "more scales are worse": ("C2", on_streets("s1_8_off", f"{FD} object car", 31.0)),
    "equal is no fall": ("C2", on_streets("s1_16_off", f"{FD} object bus", store.DISTANCE["s1_8_off"] / 2 + 10.1)),
    "the task hurts at one scale": ("C3", on_streets("s1_on", f"{FD} object person", 90.0)),
    "scenes do not follow": ("C8", on_streets("s1_16_off", FD, 55.0)),
}


@pytest.mark.parametrize("name", TURNED)
def test_one_number_turns_a_claim(name, tmp_path):
    claim, changed = TURNED[name]
    inputs = store.everything(tmp_path, SEEDS, changed)
    found = {one: decided(one, inputs).verdict for one in ("C1", "C2", "C3", "C8")}
    assert found[claim].word == FAILS and any(part.met == 2 for part in found[claim].parts)
    others = {one: held.word for one, held in found.items() if one != claim}
    assert others == {one: NOT_DECIDED if one == "C1" else HOLDS for one in others}


def test_c2_counts_steps_that_do_not_fall(tmp_path):
    inputs = store.everything(tmp_path, SEEDS, on_streets("s1_8_off", f"{FD} object car", 31.0))
    said = {part.where: part.comparison for part in decided("C2", inputs).verdict.parts}
    assert said["car"].endswith("1 of 6 steps do not fall") and said["bus"].endswith("0 of 6 steps do not fall")


def test_printed_values_stand_beside_c1(tmp_path):
    parts = {part.where: part.printed for part in decided("C1", store.everything(tmp_path)).verdict.parts}
    assert parts["Cityscapes, StyleGAN2"] == "2.63 < 8.04" and parts["Livingroom, InsGen"] == "no printed value < 4.17"


def test_c9_is_shown_and_signs_are_those_that_retrace_shows(tmp_path):
    inputs = store.everything(tmp_path, SEEDS)
    found = [decided(name, inputs).verdict for name in claims.EVERY]
    assert found[-1].why == "shown, not measured: mscond_fig3 to mscond_fig6"
    assert {part.sign for one in found for part in one.parts if part.sign} <= set(SHOWN)


def test_claims_refuse_another_list(tmp_path):
    other = tmp_path / "claims.yaml"
    other.write_text("- id: C1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected the claims C1, C2"):
        claims.tabulate(DEMO, store.everything(tmp_path) | {"claims": other})


@pytest.mark.parametrize("name", [name for name in tables.TABLES if "claims" not in name])
def test_every_table_gives_the_metrics_that_dvc_shows(name, tmp_path):
    texts = tables.TABLES[name](tmp_path)
    assert f'"{STREETS}"' in add_asked(texts, ["metrics.json"])["metrics.json"]
