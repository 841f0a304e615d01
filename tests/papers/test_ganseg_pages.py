"""GANSeg's machine-readable pages: claims and gaps are complete and speak of keys, targets and files that exist."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages.papers.ganseg import evaluation
from tests.house.resolved import stages_here

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/ganseg"
TARGETS = {
    *(f"results/tables/ganseg_{name}.csv" for name in ("table1", "table2", "table3", "table4", "table_fid")),
    "results/tables/ganseg_collapse_report.csv",
    *(f"results/tables/ganseg_{name}.json" for name in ("equivariance", "ae_triviality", "embed_separation", "claims")),
    *(f"results/figures/ganseg_fig{number:02d}.png" for number in range(1, 16)),
}


@cache
def parameters() -> dict:
    from stages.runner import params

    return params.load(ROOT)


@cache
def comments() -> dict[str, str]:
    from stages import homes
    from stages.runner.layers import comments as comments_of

    return comments_of(homes.files(ROOT), ROOT)


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def stages():

    return stages_here()


def test_claims_are_numbered_and_complete():
    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == [f"C{number}" for number in range(1, 14)]
    for claim in claims:
        assert set(claim) - {"tolerance"} == {"id", "claim", "evidence", "measured_by", "measure", "rule"}
        assert re.match(r"supp §[A-F]", claim["evidence"]), claim["id"]
        assert f"results/{claim['measured_by']}" in TARGETS, claim["id"]


def test_tolerances_are_the_tables_own():
    params = parameters()["ganseg"]
    layers = {"C2": "reproduced", "C3": "severity", "C4": "vanishing", "C5": "severity", "C7": "separation",
              "C9": "exactness"}  # fmt: skip
    limits = {claim: params[layer]["base"] for claim, layer in layers.items()}
    limits["C11"] = {"least_share": evaluation.LEAST_SHARE}
    limits["C13"] = {"near": params["reproduced"]["base"]["near"], "severe": params["severity"]["base"]["severe"]}
    for claim in read("claims.yaml"):
        if claim["id"] in limits:
            held = {name: value for name, value in claim["tolerance"].items() if name != "origin"}
            assert held == limits[claim["id"]], claim["id"]
        else:
            assert "tolerance" not in claim, claim["id"]


def test_the_runs_own_constants_give_table_1_at_full_scale():
    """C6 on the parameters: base and data layers, exactly."""
    from stages.papers.ganseg.report.table1 import MAIN_PARTS

    params = parameters()["ganseg"]
    weights = {}
    for name in MAIN_PARTS:
        common = params["common"]["base"] | params["common"]["data"][name]
        gan = params["gan"]["base"] | params["gan"]["data"][name] | params["gan"]["profile"]["paper"]
        assert common["parts"] == MAIN_PARTS[name]
        weights[name] = (gan["concentration_constant"] * common["parts"], gan["area_weight"])
    assert weights == {"celeba_wild": (10, 1), "taichi": (30, 1), "cub_masks": (10, 1), "flowers": (30, 1)}


def test_every_target_is_built_and_by_one_stage(stages):
    made = [out for stage in stages for out in stage.outs]
    assert set(made) >= TARGETS and len(made) == len(set(made))


def test_make_ganseg_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.search(r"GANSEG := (.*?)\n\n", text, re.S)[1]
    words = set(re.findall(r"[\w]+", listed))
    for target in TARGETS:
        name = Path(target).stem.removeprefix("ganseg_")
        assert (name.removeprefix("fig") if name.startswith("fig") else name) in words, target


def test_no_run_is_trained_twice(stages):
    """No two training stages have the same command but for the names of their outputs, nor merge to the same block."""
    import shlex

    from stages.runner import layers
    from stages.runner.arguments import parse

    params = parameters()
    seen: dict[tuple, str] = {}
    for stage in stages:
        words = shlex.split(stage.cmd)
        if "ganseg" not in stage.name or words[3] != "stages.train":
            continue
        arguments = parse("train", ("paper", "method", "seed"), words[4:])
        merged = layers.merge(params, arguments.layers)
        # The name that a variant gives itself changes nothing in what is trained.
        block = {name: value for name, value in merged.items() if name != "variant"}
        inputs = {name: path.as_posix() for name, path in arguments.inputs.items()}
        key = (repr(sorted(arguments.choices.items())), repr(sorted(block.items())), repr(sorted(inputs.items())))
        if not block.get("enabled", True):
            continue
        assert key not in seen, f"{stage.name} trains what {seen[key]} trains"
        seen[key] = stage.name
    assert len(seen) > 50


def test_main_runs_stand_in_three_tables_and_are_one_stage(stages):
    by_name = {stage.name: set(stage.deps) for stage in stages}
    main = "results/store/demo/model/ganseg/segmenter_flowers_main"
    for table in ("table2", "table3", "table4"):
        assert main in by_name[f"ganseg_{table}"]
    assert "results/store/demo/model/ganseg/segmenter_taichi_k8" in by_name["ganseg_table4"]
    assert "results/store/demo/model/ganseg/segmenter_taichi_main" not in by_name["ganseg_table4"]


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    assert [gap["id"] for gap in gaps] == [f"G{number}" for number in range(1, len(gaps) + 1)]
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages"}
        assert "?" in gap["question"] and gap["alternatives"] and gap["stages"], gap["id"]


@pytest.mark.parametrize("gap", read("gaps.yaml"), ids=lambda gap: gap["id"])
def test_the_keys_of_a_gap_are_in_params_and_name_it(gap):
    params = parameters()
    for key in gap["keys"]:
        node = params
        for part in key.split("."):
            assert isinstance(node, dict) and part in node, f"{gap['id']}: no parameter is called {key}"
            node = node[part]
        if ".base." in key:
            other = set(re.findall(r"\bgap (G\d+)\b", comments()[key])) - {gap["id"]}
            assert not other, f"{key} is listed under {gap['id']}, its comment names {sorted(other)}"


def test_every_gap_that_ganseg_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    named = {}
    for path in PAPER.rglob("*.py"):
        named |= dict.fromkeys(re.findall(r"\bgap (G\d+)\b", path.read_text(encoding="utf-8")), path.name)
    assert named, "no gap is named anywhere: is the pattern still right?"
    assert not {name: file for name, file in named.items() if name not in listed}


def test_every_caption_is_used_and_there(stages):
    used = {stage.meta["caption"] for stage in stages if stage.meta.get("paper") == "ganseg"}
    there = {path.relative_to(ROOT).as_posix() for path in (PAPER / "captions").iterdir()}
    assert used == there


def test_the_readme_names_every_file_of_the_paper():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    for path in sorted(PAPER.iterdir()):
        if not path.name.startswith("__") and path.name != "README.md":
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, f"README.md does not say what {path.name} is"
