"""One score of one training: every measure that the report asks for, or why it is absent; the same bytes again."""

import json
from typing import Any

import pytest

from stages.papers.onegan import quality
from stages.papers.onegan.quality_keys import QualityBlock
from tests.contract.prepared import block_of
from tests.papers.onegan_scored import quality_block, scores, store
from tests.parts.interrupted import going

OURS = {
    "FD-demo", "FD-demo background", "IS-probe", "WCFD-demo", "BCFD-demo", "WCIS-probe", "BCIS-probe",
    "class_agreement", "self_agreement_encoder", "self_agreement_judge", "mask_variance_row", "mask_variance_column",
    "z_ratio", "ACC", "NMI", "NMI_max", "NMI_parent", "purity_parent", "clusters", "empty_clusters", "NMI_colour",
    "NMI_label", "IoU", "Dice", "pixel_accuracy", "IoU_both", "IoU_best_polarity", "IoU_detection",
    "better_than_detection", "decided", "mask_mean", "L1", "PSNR", "swap_inside", "swap_outside", "swap_ratio",
    "swap_cosine",
}  # fmt: skip
MASKS = {"IoU", "Dice", "pixel_accuracy", "IoU_both", "IoU_best_polarity"}
OTHERS = {
    "halves": {"FD-demo", "FD-demo background"}, "real": {"IS-probe", "probe_accuracy"}, "all_ones": MASKS,
    "box": MASKS, "kmeans": MASKS, "detection": MASKS,
    "permuted": {"ACC", "NMI", "NMI_max", "NMI_colour", "NMI_label"},
}  # fmt: skip


def measured(inputs, out, **changes) -> dict:
    out.mkdir()
    quality.measure(quality_block(**changes), inputs, out, "cpu", going(out))
    return json.loads((out / "score.json").read_text())


def test_every_measure_is_there_or_says_why_not_and_the_bytes_are_the_same_again(tmp_path):
    assert quality.Block is QualityBlock
    inputs = store(tmp_path, detected=True)
    score = measured(inputs, tmp_path / "one")
    found: dict[str, set[str]] = {}
    for row in score["values"]:
        assert row["dataset"] == "bird_boxes" and row["seed"] == 0 and row["n"] > 0 and row["protocol"]
        assert row["metric"] not in found.setdefault(row["method"], set()), "a number stands once"
        found[row["method"]].add(row["metric"])
    assert found.pop("onegan") | set(score["absent"]) == OURS
    assert found == OTHERS
    for metric in ("FD-demo", "IS-probe", "class_agreement"):
        protocol = next(row for row in score["values"] if row["metric"] == metric)["protocol"]
        assert {"crop", "resize", "extractor", "size_px"} <= set(protocol)
    assert score["tiles"] == {"count": 6, "median_side_px": 40.0, "photos_without_tile": 2, "scale": 0.6}
    assert [set(one) for one in score["lowest"]] == [{"key", "iou", "detection_iou"}] * 2
    assert (score["data"], score["profile"], score["seed"]) == ("bird_boxes", "demo", 0)
    measured(inputs, tmp_path / "two")
    names = [path.name for path in (tmp_path / "one").iterdir()]
    assert names == ["score.json"]
    assert (tmp_path / "one" / "score.json").read_bytes() == (tmp_path / "two" / "score.json").read_bytes()


@pytest.mark.parametrize("profile", ["paper", "lite", "demo", "smoke"])
def test_the_parameters_hold_the_keys_and_about_30_000_pictures_at_paper_size(profile):
    children = {"bird_boxes": 200, "dog_boxes": 120, "car_boxes": 196}
    for name, count in children.items():
        found = {}
        for group, module in (("quality", "stages.papers.onegan.quality"), ("sample", "stages.papers.onegan.sampling")):
            kinds = ("base", f"data.{name}", f"profile.{profile}")
            names = [f"onegan.measured.{kind}" for kind in kinds if not kind.startswith("data")]
            found[group] = block_of(module, *names, *(f"onegan.{group}.{kind}" for kind in kinds))
        assert found["quality"].profile == found["sample"].profile == profile
        if profile == "paper":
            assert 29_900 < found["quality"].images_per_child * count <= 30_000 and found["sample"].rows == 5
    scorer: Any = block_of(
        "stages.teachers.scorer", "onegan.teacher.scorer.base", f"onegan.teacher.scorer.profile.{profile}"
    )
    sets = [entry.partition(":")[0] for entry in scorer.sets]
    assert sets == list(children) and scorer.batch % len(sets) == 0
    wanted = {"paper": "inception_and_alexnet", "lite": "squeezenet1_0"}
    assert scorer.architecture == wanted.get(profile, "demo_classifier")


def test_a_number_that_is_not_finite_stops_the_stage():
    with pytest.raises(FloatingPointError, match="PSNR of onegan"):
        scores().add("onegan", "PSNR", "dB", float("nan"), 1, {"split": "test"})
