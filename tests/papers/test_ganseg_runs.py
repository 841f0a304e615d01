"""GANSeg's runs in its parameters and dvc.yaml, and the detectors of failed ones."""

import json
from functools import cache

import numpy as np
import pytest
import torch

from stages.engine.loop import Run
from stages.engine.world import World, settle
from stages.papers.ganseg.detectors import Looked, collapse, triviality
from stages.papers.ganseg.methods.gan import method as gan
from stages.runner import layers, params
from tests.contract.prepared import PARAMS, block_of
from tests.house.resolved import PROFILES, ROOT, arguments_of, stages_here, stages_in
from tests.papers.ganseg_blocks import SETS, gan_block

TRAIN = "exec python -m stages.train --paper ganseg"
# Main and ablations, short runs under two definitions of the extent, auto-encoders, further seeds, other weights, one's
# own photos at three sizes.
ENABLED = {
    "paper": 41 + 18 + 8 + 16 + 6 + 3,
    "lite": 4 + 18 + 3,
    "demo": 4 + 4 + 3 + 18 + 2 + 1,
    "smoke": 4 + 2 + 6 + 2 + 1,
}


@pytest.fixture(scope="module")
def trainings():
    """For a profile: every training that can be left out, with its merged parameters, inputs and choices, by output."""

    @cache
    def of(profile: str) -> dict[str, tuple]:
        values, found = params.load(ROOT), {}
        for stage in stages_in(profile):
            if stage.cmd.startswith(TRAIN) and "--method segmenter" not in stage.cmd:
                _, arguments = arguments_of(stage)
                inputs = sorted(path.as_posix() for path in arguments.inputs.values())
                found[stage.outs[0]] = (layers.merge(values, arguments.layers), inputs, arguments.choices)
        return found

    return of


@pytest.mark.parametrize("profile", PROFILES)
def test_no_two_trainings_are_the_same_run(profile, trainings):
    """A run that two tables need is one stage. Names of runs do not make them differ."""
    found = trainings(profile)
    assert len(found) == 92
    keys = []
    for merged, inputs, choices in found.values():
        if merged["enabled"]:
            told = {name: value for name, value in merged.items() if name not in ("variant", "enabled")}
            data = [path for path in inputs if "/data/" in path]
            keys.append(json.dumps([told, data, choices], sort_keys=True))
    assert len(keys) == ENABLED[profile] and len(set(keys)) == len(keys)


def test_ablations_change_one_thing(trainings):
    """n and K change alone; K = 8 on Taichi is its own run, since its main run has K = 10."""
    found = trainings("paper")

    def of(name):
        (merged,) = [value[0] for out, value in found.items() if out.endswith(f"/{name}")]
        return {key: value for key, value in merged.items() if key != "variant"}

    for name in SETS:
        main = of(f"gan_{name}_main")
        for variant, key, value in (("n3", "points_per_part", 3), ("k32", "parts", 32), ("fixed", "sigma", "own")):
            assert of(f"gan_{name}_{variant}") == main | {key: value}
    assert of("gan_taichi_k8") == of("gan_taichi_main") | {"parts": 8}
    other = {"scale": "mean_abs", "kernel": "triangle"}
    assert of("gan_deviation_n2_1") == of("gan_collapse_n2_1") | other
    assert of("gan_flowers_main_2") == of("gan_flowers_main") and of("gan_flowers_fixed_1") == of("gan_flowers_fixed")
    main = of("gan_celeba_wild_main")
    # K = 4 with 1.25 * 32, the concentration's weight of K = 32
    assert of("gan_celeba_wild_k4_heavy") == main | {"parts": 4, "concentration_constant": 40 / 4}
    assert of("gan_celeba_wild_k16_double") == main | {"parts": 16, "area_weight": 2.0}
    assert of("gan_celeba_wild_no_area") == main | {"area_weight": 0.0}
    assert of("gan_collapse_n2_1") == of("gan_celeba_wild_main") | {"points_per_part": 2, "iterations": 2000}


def test_the_demos_main_runs_have_fewer_parts_and_its_ablations_their_own(trainings):
    found = {out.rsplit("/", 1)[-1]: merged for out, (merged, _, _) in trainings("demo").items()}
    assert [found[f"gan_{name}_main"]["parts"] for name in SETS] == [4, 4, 4, 5]
    assert found["gan_celeba_wild_k32"]["parts"] == 32 and found["gan_collapse_n1_0"]["parts"] == 4


def test_every_layer_of_the_generator_makes_a_block():
    params = PARAMS["ganseg"]
    for name in params["generator"]["variant"]:
        names = ["ganseg.common.base", "ganseg.generator.base", "ganseg.gan.base", f"ganseg.generator.variant.{name}"]
        assert block_of("stages.papers.ganseg.methods.gan.block", *names).size_px == 128
    fixed = {"estimated", "fixed", "fixed_printed"}
    weights = {"k4_heavy", "k4_half", "k4_double", "k16_half", "k16_double", "no_area"}
    assert set(params["gan"]["variant"]) == fixed | weights
    printed = [gan_block(name).sigma_printed for name in SETS]
    assert printed == [0.00725, 0.0016, 0.0065, 0.01]


def test_training_stages_name_the_prepared_set_and_no_raw_one():
    for stage in stages_here():
        if stage.cmd.startswith(TRAIN):
            assert not [dep for dep in stage.deps if "/raw/" in dep]


@pytest.mark.parametrize("points", [1, 2])
def test_a_run_of_too_few_points_trains_to_its_end(points, tmp_path):
    """It collapses, by numbers and not by NaN: the extent is the bare floor."""
    settle(torch.device("cpu"))
    block = gan_block(profile="smoke", points_per_part=points, parts=2, batch=2, iterations=2)
    method = gan.Gan(block, World.single(), 0, training=True)
    run = Run(method, type("Pictures", (), {"size": 2})(), block, 0, World.single(), tmp_path)
    for step in range(2):
        run.step({"image": torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(step)) * 2 - 1})
    last = {term: float(value) for *_, term, value in (line.split(",") for line in run.record.lines)}
    assert last["stat/scale"] == pytest.approx(1e-6, rel=1e-3)


def soft(labels: np.ndarray, parts: int) -> np.ndarray:
    """Almost hard masks of label maps 0..K, background last. Shapes: [N S S] -> [N K+1 S S]."""
    hard = np.stack([labels == k for k in (*range(1, parts + 1), 0)], 1).astype(float)
    return (hard + 1e-6) / (hard + 1e-6).sum(1, keepdims=True)


@pytest.fixture
def scenes() -> np.ndarray:
    """Eight label maps: a disc of two halves at random places of 64 x 64."""
    chance = np.random.default_rng(0)
    y, x = np.mgrid[:64, :64]
    maps = []
    for _ in range(8):
        row, column = chance.uniform(16, 48, 2)
        inside = (y - row) ** 2 + (x - column) ** 2 < 144
        maps.append(np.where(inside, np.where(x < column, 1, 2), 0))
    return np.stack(maps)


def test_sound_generation_is_no_collapse(scenes):
    images = np.random.default_rng(1).uniform(-1, 1, (8, 3, 64, 64))
    found = collapse(soft(scenes, 2), images)
    assert found.fired == () and found.values["foreground"] == pytest.approx((scenes > 0).mean(), abs=1e-4)


def test_each_rule_of_collapse_fires_alone(scenes):
    images = np.random.default_rng(1).uniform(-1, 1, (8, 3, 64, 64))
    assert collapse(soft(scenes, 2), images * 0.01).fired == ("images",)
    assert collapse(soft(np.zeros_like(scenes), 2), images).fired == ("foreground", "parts")
    assert collapse(soft(np.ones_like(scenes), 2), images).fired == ("foreground",)
    mostly = scenes.copy()
    mostly[:7] = 0
    assert collapse(soft(mostly, 2), images).values["empty_samples"] == 7 / 8
    assert "parts" not in collapse(soft(mostly, 2), images).fired


def test_masks_that_follow_their_objects_are_not_trivial(scenes):
    found = triviality(soft(scenes, 2), (scenes > 0).astype(np.uint8))
    assert found.fired == () and found.values["iou"] == pytest.approx(1, abs=1e-6)
    assert "iou" not in triviality(soft(scenes, 2), None).values


def test_each_rule_of_triviality_fires(scenes):
    truth = (scenes > 0).astype(np.uint8)
    still = np.broadcast_to(scenes[:1], scenes.shape)
    assert "still" in triviality(soft(still, 2), truth).fired
    one = np.where(scenes > 0, 1, 0)
    assert "one_part" in triviality(soft(one, 2), truth).fired
    everything = np.where(np.arange(64)[:, None] < 32, 1, 2) * np.ones_like(scenes)
    assert {"background", "still", "overlap"} <= set(triviality(soft(everything, 2), truth).fired)
    flat = np.full((8, 3, 64, 64), 1 / 3)
    found = triviality(flat, truth)
    assert "vague" in found.fired and found.values["entropy"] == pytest.approx(np.log(3))
    apart = triviality(soft(np.roll(scenes, 32, axis=2), 2), truth)
    assert "overlap" in apart.fired


def test_batches_are_judged_together(scenes):
    """In parts as at once: means over all images, and the motion between the batches."""
    truth = (scenes > 0).astype(np.uint8)
    looked = Looked()
    for place in (slice(0, 3), slice(3, 8)):
        looked.add(soft(scenes[place], 2), truth[place])
    whole, found = triviality(soft(scenes, 2), truth), looked.finding()
    assert found.fired == whole.fired and found.values == pytest.approx(dict(whole.values), rel=1e-12)


def test_motion_is_counted_in_pixels_at_128():
    """A centroid that alternates between rows 10 and 12 of 64 px deviates by 1 px, which is 2 px at 128."""
    maps = np.zeros((4, 64, 64), int)
    for number in range(4):
        maps[number, 10 + 2 * (number % 2), 5] = 1
    hard = np.stack([maps == 1, maps == 0], 1).astype(float)
    assert triviality(hard, None).values["centroid_deviation_px"] == pytest.approx((2 + 0) / 2)
