"""ContrasFill's stages as dvc.yaml and the parameters give them: nothing trained twice, what belongs together meets."""

import json
import re
import subprocess
from functools import cache

import pytest

from stages import graph
from stages.runner import layers, params
from tests.house.resolved import PROFILES, ROOT, arguments_of, stages_here, stages_in

ENCODERS = {"face": "face", "bird": "bird", "car": "car_shape", "car_colour": "car"}  # known factor of box holes


@cache
def stages() -> tuple[graph.Stage, ...]:
    return stages_here()


@cache
def parameters() -> dict:
    return params.load(ROOT)


def of(verb: str) -> list[tuple[graph.Stage, object, dict]]:
    """(stage, its arguments, its merged parameters) of ContrasFill's stages of a verb."""
    found = [stage for stage in stages() if stage.cmd.split()[3] == f"stages.{verb}" and "contrasfill" in stage.cmd]
    both = [(stage, arguments_of(stage)[1]) for stage in found]
    return [(stage, arguments, layers.merge(parameters(), arguments.layers)) for stage, arguments in both]


@pytest.mark.parametrize("profile", PROFILES)
def test_no_model_is_trained_twice(profile):
    """Method, seed, parameters and inputs together are those of one stage alone."""
    made, values = {}, params.load(ROOT)
    for stage in stages_in(profile):
        if stage.cmd.split()[3] != "stages.train" or "--paper contrasfill" not in stage.cmd:
            continue
        arguments = arguments_of(stage)[1]
        inputs = {name: path.as_posix() for name, path in arguments.inputs.items()}
        merged = layers.merge(values, arguments.layers)
        key = json.dumps([arguments.choices, inputs, merged], sort_keys=True)
        assert key not in made, f"{stage.name} trains what {made[key]} trains"
        made[key] = stage.name
    assert len(made) >= 90


def test_the_demo_weighs_shape_alone_otherwise():
    weights, values = {}, params.load(ROOT)
    for stage in stages_in("demo"):
        if stage.cmd.split()[3] == "stages.train" and "--paper contrasfill" in stage.cmd:
            arguments = arguments_of(stage)[1]
            merged = layers.merge(values, arguments.layers)
            if "encoder" in arguments.inputs and "ablation" not in arguments.out.name:
                weights.setdefault(arguments.inputs["encoder"].name, set()).add(tuple(merged["lambda_known"]))
    assert weights == {"face": {(0.25, 0.12)}, "bird": {(0.25, 0.12)}, "car": {(0.25, 0.12)}, "car_shape": {(0.6, 0.3)}}


def test_models_of_box_holes_are_trained_on_boxes_and_others_on_object_masks():
    for _, arguments, merged in of("train"):
        name = arguments.out.name
        if "hole" in merged:
            assert merged["hole"] == ("box" if name.startswith("box_") else "object"), name
        if name.startswith("box_one_code"):
            assert merged["codes"] == 1 and "encoder" not in arguments.inputs
        if name.startswith("box_full"):
            assert merged["codes"] == 2 and not merged["context_free"]
        if name.startswith("box_context_free"):
            assert merged["context_free"] and merged["codes"] == 2


def test_all_models_of_a_dataset_train_on_the_same_data():
    """Supp §2: FFHQ's photos are extra training data of faces; every method, hole and ablation gets them."""
    found: dict[str, set[str]] = {}
    for _, arguments, _ in of("train"):
        name = re.fullmatch(r"(?:box_|ablation_)?[a-z0-9_]+?_(face|bird|car|car_colour)_\d", arguments.out.name)
        if name and arguments.choices["method"] != "stylegan":
            found.setdefault(name[1], set()).add(arguments.inputs["data"].name)
    assert found == {"face": {"faces"}, "bird": {"bird"}, "car": {"car"}, "car_colour": {"car"}}


def test_models_of_box_holes_know_the_right_factor_and_seed():
    for _, arguments, _ in of("train"):
        match = re.fullmatch(r"box_(full|context_free|one_code|comodgan|collagegan)_(\w+)_(\d)", arguments.out.name)
        if not match:
            continue
        assert arguments.choices["seed"] == match[3]
        if match[1] in ("full", "context_free"):
            assert arguments.inputs["encoder"].name == ENCODERS[match[2]]


def test_samples_come_from_a_model_of_the_same_hole_method_and_seed():
    made = {arguments.out: (arguments, merged) for _, arguments, merged in of("train")}
    for stage, arguments, merged in of("sample"):
        trained, block = made[arguments.inputs["model"]]
        assert trained.choices["method"] == arguments.choices["method"], stage.name
        assert trained.choices["seed"] == arguments.choices["seed"], stage.name
        assert block.get("hole", merged["hole"]) == merged["hole"], stage.name
        assert (merged["codes"] > 0) == arguments.out.name.startswith("grid_"), stage.name


def test_scores_compare_samples_of_one_seed_by_the_encoder_that_belongs_to_them():
    for stage, arguments, _ in of("measure"):
        seed = arguments.out.name.rsplit("_", 1)[1]
        inputs = {name: path.name for name, path in arguments.inputs.items()}
        assert all(
            name.endswith(f"_{seed}") for key, name in inputs.items() if key.startswith(("sample", "grid", "model"))
        )
        match = re.fullmatch(r"(?:box|disentanglement)_(\w+)_\d", arguments.out.name)
        if match:
            assert (inputs["encoder"], inputs["encoder_indep"]) == (
                ENCODERS[match[1]], f"{ENCODERS[match[1]]}_independent",
            ), stage.name  # fmt: skip
        if "grid" in inputs:
            kinds = {"box_full_": "grid_", "contrasfill_": "grid_object_"}
            model = next(name for name in kinds if inputs["model"].startswith(name))
            assert inputs["grid"] == inputs["model"].replace(model, kinds[model]), stage.name


def test_one_stage_measures_each_dataset_and_study():
    """All methods of one hole and dataset stand in one score, so that a comparison never mixes runs."""
    seen = [(arguments.choices["what"], arguments.out.name) for _, arguments, _ in of("measure")]
    assert len(seen) == len(set(seen))
    named = {name.rsplit("_", 1)[0] for what, name in seen if what == "measuring" and not name.startswith("ablation")}
    assert named == {*("face", "bird", "car"), *(f"box_{name}" for name in ("face", "bird", "car"))}
    assert {name.rsplit("_", 1)[0] for what, name in seen if what == "disentanglement"} == {
        f"disentanglement_{name}" for name in ENCODERS
    }


def test_the_ablations_of_the_spec_change_one_thing_each():
    """Spec §4.6: each variant differs from the full model in the keys of its own layer, and in nothing else."""
    full = next(merged for _, arguments, merged in of("train") if arguments.out.name == "contrasfill_bird_0")
    found = {}
    for _, arguments, merged in of("train"):
        if match := re.fullmatch(r"ablation_(\w+)_bird_0", arguments.out.name):
            found[match[1]] = {key for key in full if merged[key] != full[key]}
    assert {"no_known", "no_unknown", "random", "full_grid"} <= set(found)
    for name, changed in found.items():
        assert changed == set(parameters()["contrasfill"]["contrasfill"]["variant"][name]), name


def test_every_target_of_make_is_made_by_a_stage():
    outs = {out for stage in stages() for out in stage.outs}
    for target, count in (("contrasfill", 15 + 6), ("contrasfill-seeds", 6)):
        done = subprocess.run(["make", "-n", "-o", ".venv/synced", target], cwd=ROOT, capture_output=True, text=True)
        wanted = re.findall(r"results/\S+", done.stdout)
        assert len(wanted) >= count, done.stderr
        assert set(wanted) <= outs, sorted(set(wanted) - outs)
