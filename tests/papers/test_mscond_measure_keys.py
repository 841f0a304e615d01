"""The keys of measures and samples, in every profile and set, and that drawn sets are asked for what is drawn."""

from typing import Any

import pytest

from stages.papers.mscond.measured import detections_metric, object_metric, slug
from tests.contract.prepared import PARAMS, block_of

SETS = ("city_scenes", "livingroom", "kitchen")
PROFILES = ("paper", "lite", "demo", "smoke")
RUNS = ("s1_off", "s1_on", "s1_8_off", "s1_8_on", "s1_16_off", "s1_16_on", "insgen", "projectedgan")
DRAWN = {
    "city_scenes": ("car", "person", "bus"), "livingroom": ("couch", "chair", "potted plant"),
    "kitchen": ("oven", "refrigerator", "sink"),
}  # fmt: skip


def made(what: str, groups: tuple[str, ...], name: str, profile: str, *more: str) -> Any:
    layers = [f"mscond.{group}.base" for group in groups] + [f"mscond.detected.data.{name}", *more]
    layers += [f"mscond.{group}.profile.{profile}" for group in groups] + [f"mscond.detected.drawn.{name}.{profile}"]
    return block_of(f"stages.papers.mscond.{what}", *layers)


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("name", SETS)
def test_layers_make_the_blocks_and_both_sides_count_alike(name, profile):
    reference = made("reference", ("detected", "measured", "reference"), name, profile)
    sample = made("sampling", ("detected", "sample"), name, profile)
    for run in RUNS:
        quality = made("quality", ("detected", "measured", "quality"), name, profile, f"mscond.quality.run.{run}")
        assert quality.run == run
        shared = set(type(reference).model_fields) & set(type(quality).model_fields)
        assert {"objects_count", "categories", "threshold", "crop_px", "seed"} <= shared
        assert all(getattr(reference, key) == getattr(quality, key) for key in shared)
    assert reference.profile == sample.profile == profile and sample.categories == reference.categories
    assert (reference.categories == DRAWN[name]) is (profile in ("demo", "smoke"))
    assert sample.uncurated >= 1 and sample.looked_at >= sample.shown


def test_paper_and_demo_have_the_numbers_of_the_settled_page():
    paper = made("quality", ("detected", "measured", "quality"), "city_scenes", "paper")
    demo = made("quality", ("detected", "measured", "quality"), "city_scenes", "demo")
    assert (paper.objects_count, demo.objects_count) == (5000, 150) and (paper.fakes, demo.fakes) == (50_000, 1024)
    lite = made("quality", ("detected", "measured", "quality"), "city_scenes", "lite")
    assert lite.objects_count == 500 and (paper.threshold, paper.minimum_side_px, paper.objects_per_image) == (
        0.7,
        24,
        10,
    )
    assert made("sampling", ("detected", "sample"), "kitchen", "paper").psi == 0.7
    assert set(PARAMS["mscond"]["quality"]["run"]) == set(RUNS)


def test_names_of_files_and_metrics():
    assert (slug("potted plant"), slug("car")) == ("potted_plant", "car")
    assert object_metric("FID", "traffic light") == "FID object traffic light"
    assert detections_metric("car") == "detections_car"
