"""OneGAN's tables and verdicts from made-up scores: each claim both ways, every cell a number or a reason."""

import csv
import io
import json
import math

import pytest

from stages.draw.metrics import add_asked
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN, SHOWN
from stages.papers.onegan.report import (
    claims,
    clustering,
    inpainting,
    metrics,
    metrics_seeds,
    segmentation,
    swap,
    table1,
    verdicts,
    xbg,
)
from stages.papers.onegan.report.block import ReportBlock
from stages.papers.onegan.report.given import reprinted
from stages.papers.onegan.report.runs import open_scores
from tests.papers import onegan_store as store

DEMO = ReportBlock(profile="demo")
BIRDS, DOGS, CARS = store.SETS
SEEDS = (0, 1, 2)
GONE = math.nan


def cells(text: str) -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["method"], row["dataset"], row["metric"]): row for row in csv.DictReader(io.StringIO(text))}


def words(text: str) -> dict[str, str]:
    return {row["claim"]: row["verdict"] for row in csv.DictReader(io.StringIO(text))}


def own(dataset: str, metric: str, value: float, seed: int = 0) -> dict[tuple[str, int, str, str], float]:
    return {(dataset, seed, "onegan", metric): value}


def decided(name: str, inputs) -> verdicts.Ruled:
    return claims.EVERY[name]("demo", inputs)


def test_a_cell_in_full(tmp_path):
    found = cells(metrics.tabulate(DEMO, store.GIVEN | store.quality(tmp_path))["csv"])
    assert found["onegan", BIRDS, "FD-demo"] == {
        "method": "onegan", "dataset": BIRDS, "metric": "FD-demo", "unit": "1", "ours": "40", "spread": "",
        "seeds": "1", "printed": "", "difference": "", "profile": "demo", "protocol": "n=96; split=test",
    }  # fmt: skip
    assert found["halves", CARS, "FD-demo"]["ours"] == "5" and found["all_ones", DOGS, "IoU"]["ours"] == "0.2"
    assert not [row for row in found.values() if row["printed"] or row["difference"]]


def test_seeds_give_mean_and_spread(tmp_path):
    # 40, 40.01, 40.02: mean 40.01, standard deviation .01.
    found = metrics_seeds.tabulate(DEMO, store.quality(tmp_path, SEEDS))
    row = cells(found["csv"])["onegan", BIRDS, "FD-demo"]
    assert (row["ours"], row["spread"], row["seeds"]) == ("40.01", "0.01", "3")
    assert "Birds 3 seeds, Dogs 3 seeds, Cars 3 seeds" in found["md"] and "| 40.01 ± 0.01 |" in found["md"]


def test_a_set_that_is_left_out_has_its_reason(tmp_path):
    found = metrics.tabulate(DEMO, store.GIVEN | store.quality(tmp_path, sets=[BIRDS]))
    row = cells(found["csv"])["onegan", DOGS, "FD"]
    assert (row["ours"], row["protocol"], row["seeds"]) == ("n/a (profile)", store.OUT, "0")
    assert f"- Dogs, FD, OneGAN: n/a (profile), {store.OUT}" in found["md"]
    assert words(found["claims.csv"])["O2"] == HOLDS  # on birds; what was left out decides nothing


def test_a_measure_without_number_has_its_reason(tmp_path):
    inputs = store.GIVEN | store.inpainting(tmp_path, known=False)
    found = inpainting.tabulate(DEMO, inputs)
    row = cells(found["csv"])["onegan_real", BIRDS, "PSNR_inside"]
    assert (row["ours"], row["protocol"]) == ("n/a", store.NO_TRUTH)
    assert "does not beat" not in found["md"]


def test_scores_that_do_not_belong_are_refused(tmp_path):
    held = store.quality(tmp_path / "a")
    with pytest.raises(ValueError, match="expected an input named score_dog_boxes"):
        open_scores({k: v for k, v in held.items() if "dog" not in k}, "score", "demo")
    with pytest.raises(ValueError, match="whose profile is paper, got demo"):
        open_scores(held, "score", "paper")
    swapped = held | {"score_bird_boxes_0": held["score_dog_boxes_0"]}
    with pytest.raises(ValueError, match="whose data is bird_boxes, got dog_boxes"):
        open_scores(swapped, "score", "demo")
    with pytest.raises(ValueError, match="seed 0 of bird_boxes is given twice"):
        open_scores(held | {"score_bird_boxes_1": held["score_bird_boxes_0"]}, "score", "demo")


def test_seeds_of_one_cell_do_not_mix_protocols(tmp_path):
    held = store.quality(tmp_path, SEEDS)
    store.change(held["score_bird_boxes_1"], lambda facts: facts["values"][0]["protocol"].update(split="train"))
    with pytest.raises(ValueError, match="protocol of FD-demo on bird_boxes differs"):
        metrics.tabulate(DEMO, store.GIVEN | held)


def test_every_claim_of_the_demo_as_settled(tmp_path):
    """One seed: z is ignored, so O1's half of rows fails; orderings are not testable; arithmetic and counts hold."""
    changed = {key: value for name in store.SETS for key, value in own(name, "mask_variance_row", 0.25).items()}
    found = claims.tabulate(DEMO, store.everything(tmp_path, changed=changed))
    held = words(found["csv"])
    assert held == {
        "O1": FAILS, "O2": HOLDS, "O3": NOT_RUN, "O4": NOT_DECIDED, "O5": HOLDS, "O6": HOLDS, "O7": NOT_DECIDED,
        "O8": NOT_DECIDED, "O9": HOLDS, "O10": HOLDS, "O11": NOT_DECIDED, "O12": NOT_RUN,
    }  # fmt: skip
    assert "not decided: not testable (1 seed) (demo: no evidence)" in found["md"]
    assert "not run: no baseline" in found["md"]
    assert json.loads(add_asked(found, ["verdicts.json"])["verdicts.json"]) == held


def test_three_seeds_decide_every_ordering(tmp_path):
    held = words(claims.tabulate(DEMO, store.everything(tmp_path, SEEDS))["csv"])
    assert held == {name: NOT_RUN if name in ("O3", "O12") else HOLDS for name in claims.EVERY}
    with_two = words(claims.tabulate(DEMO, store.everything(tmp_path / "two", (0, 1)))["csv"])
    assert {name for name, word in with_two.items() if word == NOT_DECIDED} == {"O4", "O7", "O8", "O11"}


# A claim -> one planted number, of the last of three seeds where seeds count, that turns it.
TURNED = {
    "class at chance": ("O1", own(CARS, "class_agreement", 1 / 12 + 0.002, 2)),
    "rows vary more": ("O1", own(DOGS, "mask_variance_row", 0.3)),
    "a blurred reconstruction": ("O2", own(BIRDS, "PSNR", 15.0)),
    "a mask as bad as all ones": ("O2", own(CARS, "IoU", 0.2)),
    "never better": ("O4", own(DOGS, "better_than_detection", 0.0, 2)),
    "the background moves": ("O6", own(BIRDS, "swap_ratio", 1.0)),
    "each photo its own way": ("O6", own(DOGS, "swap_cosine", -0.1)),
    "dogs move most": ("O7", own(DOGS, "swap_inside", 0.9, 2)),
    "DIP loses nothing": ("O8", {(BIRDS, 2, "dip_predicted", "PSNR_inside"): 19.0}),
    "OneGAN copies": ("O9", {(CARS, 0, "onegan_predicted", "L1_outside"): 1 / 255}),
    "DIP is not pasted": ("O9", {(CARS, 0, "dip_predicted", "L1_outside_composited"): 0.5 / 255}),
    "a pass costs more": ("O10", {(BIRDS, 0, "onegan_predicted", "macs"): 3e13}),
    "by model": ("O11", own(CARS, "NMI_label", 0.7, 2)),
}


@pytest.mark.parametrize("name", TURNED)
def test_one_number_turns_a_claim(name, tmp_path):
    claim, changed = TURNED[name]
    inputs = store.everything(tmp_path, SEEDS, changed)
    assert decided(claim, inputs).verdict.word == FAILS
    others = {other: decided(other, inputs).verdict.word for other in claims.EVERY if other != claim}
    assert set(others.values()) == {HOLDS, NOT_RUN}


def test_o5_counts(tmp_path):
    assert decided("O5", store.cards(tmp_path / "a")).verdict.word == HOLDS
    equal = store.cards(tmp_path / "b", dict(store.COUNTS, car_boxes=500))
    found = decided("O5", equal).verdict
    assert found.word == FAILS and [part.met for part in found.parts] == [1, 0]
    assert decided("O5", store.cards(tmp_path / "c", sets=[BIRDS])).verdict.word == NOT_RUN


def test_o8_without_a_known_background_asks_what_is_found_of_the_object(tmp_path):
    held = store.inpainting(tmp_path / "a", SEEDS, known=False)
    found = decided("O8", held).verdict
    assert found.word == HOLDS and {part.measure for part in found.parts} == {"residual_object"}
    assert found.parts[0].ours == "0.4" and found.parts[0].against == "0.02"  # .5 - .1 and .12 - .1
    more = {(DOGS, 1, "onegan_predicted", "residual_object"): 0.6}
    assert decided("O8", store.inpainting(tmp_path / "b", SEEDS, more, known=False)).verdict.word == FAILS


def test_what_has_no_number_is_not_decided_and_says_why(tmp_path):
    changed = {**own(DOGS, "better_than_detection", GONE), **own(CARS, "better_than_detection", GONE)}
    held = store.quality(tmp_path, changed=changed)
    for name in (DOGS, CARS):
        store.change(
            held[f"score_{name}_0"], lambda facts: facts["absent"].update(better_than_detection="no exact mask")
        )
    found = decided("O4", held).verdict
    assert (found.word, found.why) == (NOT_DECIDED, "no exact mask")
    table = segmentation.tabulate(DEMO, store.GIVEN | held)
    assert cells(table["csv"])["onegan", DOGS, "better_than_detection"]["protocol"] == "no exact mask"


def test_a_claim_whose_sets_are_left_out_is_not_run(tmp_path):
    held = store.quality(tmp_path, SEEDS, sets=[BIRDS])
    found = {name: decided(name, held).verdict for name in ("O1", "O4", "O6", "O7", "O11")}
    assert {name: one.word for name, one in found.items()} == {
        "O1": HOLDS, "O4": NOT_RUN, "O6": HOLDS, "O7": NOT_RUN, "O11": NOT_RUN,
    }  # fmt: skip
    assert found["O11"].why == store.OUT


def test_o10_is_arithmetic_and_signs_are_those_that_retrace_shows(tmp_path):
    inputs = store.everything(tmp_path)
    found = [decided(name, inputs) for name in claims.EVERY]
    assert [one.verdict.claim for one in found if one.verdict.seeds == 0] == ["O10"]
    assert {part.sign for one in found for part in one.verdict.parts} <= set(SHOWN)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (own(BIRDS, "z_ratio", 0.05), "z is ignored on Birds (0.05)"),
        (own(CARS, "ACC", 0.21), "Clustering is at chance on Cars (0.21 against 0.20)"),
    ],
)
def test_the_clustering_table_says_what_its_numbers_are_worth(changed, said, tmp_path):
    assert said in clustering.tabulate(DEMO, store.GIVEN | store.quality(tmp_path / "a", changed=changed))["md"]
    plain = clustering.tabulate(DEMO, store.GIVEN | store.quality(tmp_path / "b"))["md"]
    assert "z is ignored" not in plain and "at chance on" not in plain


def test_the_segmentation_table_says_where_masks_are_grey_and_lists_the_worst(tmp_path):
    grey = store.GIVEN | store.quality(tmp_path / "a", changed=own(DOGS, "decided", 0.01))
    assert "Masks stay grey on Dogs (1.0%)" in segmentation.tabulate(DEMO, grey)["md"]
    plain = segmentation.tabulate(DEMO, store.GIVEN | store.quality(tmp_path / "b"))["md"]
    assert "stay grey" not in plain
    assert "| Birds: bird_boxes/007 | 0.100 |  |" in plain and "| Dogs: dog_boxes/007 | 0.100 | 0.700 |" in plain


def test_the_inpainting_table_says_where_one_colour_is_as_good(tmp_path):
    text = inpainting.tabulate(DEMO, store.GIVEN | store.inpainting(tmp_path))["md"]
    assert "DIP, predicted mask, does not beat one mean colour on Birds (11.0 against 14.0 dB)" in text
    assert "DIP, real mask, does not" not in text and "OneGAN, real mask, does not" not in text
    assert "Steps of DIP: Birds 1,000, Dogs 1,000, Cars 1,000 (printed: 1,000)" in text


def test_the_tables_of_tiles_and_swaps(tmp_path):
    found = cells(xbg.tabulate(DEMO, store.cards(tmp_path) | store.quality(tmp_path, SEEDS))["csv"])
    assert found["tiles", CARS, "count"]["ours"] == "60"
    assert found["onegan", CARS, "FD-demo background"]["seeds"] == "3"
    assert ("onegan", CARS, "FD-demo") not in found
    assert (
        cells(swap.tabulate(DEMO, store.quality(tmp_path / "b"))["csv"])["onegan", DOGS, "swap_inside"]["ours"] == "0.2"
    )


def test_table_1_has_the_models_own_sizes_beside_the_printed_ones(tmp_path):
    inputs = {"notation": store.PAPER / "notation.yaml", **store.GIVEN, **store.models(tmp_path, [BIRDS, CARS])}
    found = table1.tabulate(DEMO, inputs)
    held = cells(found["csv"])
    assert [held["onegan", BIRDS, "d_z"][key] for key in ("ours", "printed", "difference")] == ["16", "100", "-84"]
    assert [held["onegan", CARS, "N_C"][key] for key in ("ours", "printed")] == ["8", ""]
    assert [held["onegan", DOGS, "H, W"][key] for key in ("ours", "protocol")] == ["n/a (profile)", store.OUT]
    assert "| parameter | d_bg | dimensionality of background code |  | 32 | 32 | n/a (profile) | 32 |" in found["md"]


def test_what_others_print_decides_nothing_and_has_a_status(tmp_path):
    title, text = reprinted(store.GIVEN["reprinted"], ("FID",))
    assert title == "Reprinted elsewhere" and "| Birds: FID | OneGAN | 20.5 | reprinted |" in text and "IoU" not in text
    other = tmp_path / "reprinted.csv"
    other.write_text("method,dataset,metric,value,status,source\nA,bird_boxes,FID,1,known,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="status reprinted or unverified, got 'known'"):
        reprinted(other, ("FID",))


def test_claims_refuse_another_list(tmp_path):
    other = tmp_path / "claims.yaml"
    other.write_text("- id: O1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="expected the claims O1, O2"):
        claims.tabulate(DEMO, store.everything(tmp_path) | {"claims": other})
