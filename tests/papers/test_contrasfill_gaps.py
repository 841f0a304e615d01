"""Gaps: their keys are those that origins of parameters name; changing one makes exactly the listed stages stale."""

import copy
import re
import shutil
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages import graph, homes
from stages.runner import layers
from stages.runner.params import load
from tests.house.resolved import stages_here
from tests.papers import declare_gaps

ROOT = Path(__file__).resolve().parents[2]
GAPS = yaml.safe_load(declare_gaps.GAPS.read_text(encoding="utf-8"))
PARAMS = load(ROOT)
KEYED = [gap for gap in GAPS if gap["keys"]]


@cache
def stages() -> tuple[graph.Stage, ...]:
    return stages_here()


@cache
def marked() -> dict[str, set[str]]:
    """Gap -> the keys whose origin names it, among the paper's own and those that its results rest on.

    Another paper's keys may use the same numbers for its own gaps.
    """
    finals = [stage.name for stage in stages() if stage.final and stage.meta["paper"] == "contrasfill"]
    own = {layer for stage in graph.ancestors(stages(), finals) for layer in stage.params}
    found: dict[str, set[str]] = {}
    for key, origin in layers.comments(homes.files(ROOT), ROOT).items():
        if key.startswith("contrasfill.") or key.rpartition(".")[0] in own:
            for name in re.findall(r"\bgap (G\d+)\b", origin):
                found.setdefault(name, set()).add(key)
    return found


def value_at(params: dict, key: str):
    for part in key.split("."):
        params = params[part]
    return params


def changed(key: str) -> dict:
    """The parameters with another value at a key; in a whole layer, at each of its keys."""
    params = copy.deepcopy(PARAMS)
    parent, leaf = value_at(params, key.rpartition(".")[0]), key.rpartition(".")[2]
    held = parent[leaf]
    in_layer = isinstance(held, dict) and held
    parent[leaf] = {inner: ["another", value] for inner, value in held.items()} if in_layer else ["another", held]
    return params


def stale_after(changes: list[dict]) -> set[str]:
    """What an engine does: a stage whose layers have other values runs, and so does whoever reads its outputs."""
    every = {layer for stage in stages() for layer in stage.params}
    other = {layer for layer in every for params in changes if value_at(params, layer) != value_at(PARAMS, layer)}
    run = {stage.name for stage in stages() if other & set(stage.params)}
    made = {out: stage.name for stage in stages() for out in stage.outs}
    parents = {stage.name: {made[dep] for dep in stage.deps if dep in made} for stage in stages()}
    while more := {name for name, before in parents.items() if name not in run and before & run}:
        run |= more
    return run


def test_the_lists_are_what_declare_gaps_writes():
    assert declare_gaps.rewritten() == declare_gaps.GAPS.read_text(encoding="utf-8"), (
        "run `python -m tests.papers.declare_gaps`"
    )


@pytest.mark.parametrize("gap", KEYED, ids=lambda gap: gap["id"])
def test_keys_are_those_that_params_marks(gap):
    covered = {
        key for key in marked().get(gap["id"], set()) if key in gap["keys"] or key.rpartition(".")[0] in gap["keys"]
    }
    assert covered == marked().get(gap["id"], set()), f"{gap['id']}: origins name keys that gaps.yaml leaves out"
    for key in gap["keys"]:
        within = {other for other in covered if other == key or other.startswith(f"{key}.")}
        assert within, f"{gap['id']}: no origin names {gap['id']} at {key}"


@pytest.mark.parametrize("gap", KEYED, ids=lambda gap: gap["id"])
def test_changing_a_gap_makes_exactly_its_stages_stale(gap):
    run = stale_after([changed(key) for key in gap["keys"]])
    named = declare_gaps.matching(stages(), gap["stages"])
    assert run == {stage.name for stage in declare_gaps.stale(stages(), named)}
    final = {stage.name: stage for stage in stages() if stage.final and stage.meta["paper"] == "contrasfill"}
    assert {f"results/{path}" for path in gap["targets"]} == {final[name].outs[0] for name in run & set(final)}


def test_a_small_gap_touches_little():
    """By hand: the temperature changes trainings of ContrasFill and their results, no data, teacher or baseline."""
    run = stale_after([changed("contrasfill.contrasfill.base.temperature")])
    assert {"contrasfill_train_face@0", "contrasfill_table1", "contrasfill_fig09"} <= run
    assert not run & {"prepare_face", "teach_scorer", "contrasfill_baseline_face@comodgan-0", "contrasfill_fig02"}
    assert "contrasfill_fig01" in run  # it reads the method's layer, whose every key it is given


def test_gaps_without_keys_name_stages_that_exist():
    for gap in GAPS:
        for pattern in gap["stages"]:
            assert declare_gaps.matching(stages(), [pattern]), f"{gap['id']}: no stage is called {pattern}"


def test_the_whole_graph_agrees_after_a_real_change(tmp_path):
    """Not the shortcut above: the graph resolved anew from a changed file of parameters, for one gap."""
    for name in ("dvc.yaml", "params.yaml", "envs"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "stages", tmp_path / "stages", ignore=shutil.ignore_patterns("__pycache__"))
    place = tmp_path / "stages/papers/contrasfill/params/contrasfill.yaml"
    other, count = re.subn(r"(?m)^(      combination: )product", r"\1sum", place.read_text(encoding="utf-8"))
    assert count == 1
    place.write_text(other, encoding="utf-8")
    before = {stage.name: stage.params for stage in stages()}
    now = {stage.name for stage in graph.load(tmp_path) if stage.params != before[stage.name]}
    gap = next(gap for gap in GAPS if gap["id"] == "G1")
    assert now == {stage.name for stage in declare_gaps.matching(stages(), gap["stages"])}
