"""MsConD's report in the graph: every target is built, every caption used, gaps name the keys that origins name."""

import importlib
import json
import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages import graph
from tests.house.resolved import stages_here
from tests.papers import mscond_gaps
from tests.papers.test_mscond_report_pages import FIGURES, TABLES, TARGETS

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/mscond"


@cache
def stages() -> tuple[graph.Stage, ...]:
    return stages_here()


def own() -> list[graph.Stage]:
    return [stage for stage in stages() if stage.name.startswith("mscond_")]


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def test_every_target_is_built_and_by_one_stage():
    made = [out for stage in own() for out in stage.outs]
    assert set(made) >= {f"results/{target}" for target in TARGETS} and len(made) == len(set(made))


def test_make_mscond_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.findall(r"^MSCOND := (.*?)\n\n", text, re.S | re.M)
    assert listed and set(re.findall(r"\w+", " ".join(listed))) >= {*TABLES, *FIGURES}


def test_the_tables_that_decide_a_claim_write_its_verdict():
    made = {out for stage in own() for out in stage.outs}
    for claim in read("claims.yaml")[:-1]:  # C9 is shown in a figure
        assert f"results/{claim['measured_by'].removesuffix('csv')}claims.csv" in made, claim["id"]


def test_every_caption_is_used_and_there():
    used = {stage.meta["caption"] for stage in own() if "caption" in stage.meta}
    assert used == {path.relative_to(ROOT).as_posix() for path in (PAPER / "captions").iterdir()}


def test_keys_of_gaps_are_those_that_origins_name_and_stages_those_that_read_them():
    text = mscond_gaps.GAPS.read_text(encoding="utf-8")
    assert mscond_gaps.renewed_file() == text, "run `python -m tests.papers.mscond_gaps`"


def test_the_stages_of_a_gap_exist():
    groups = {stage.group for stage in stages()}
    for gap in read("gaps.yaml"):
        assert set(gap["stages"]) <= groups, gap["id"]


@pytest.mark.parametrize("profile", ["smoke", "demo", "lite", "paper"])
def test_blocks_of_tables_and_figures_are_whole_in_every_profile(profile):
    from stages.runner import layers, params
    from stages.runner.arguments import parse

    values, seen = params.load(ROOT), 0
    for stage in own():
        words = shlex.split(stage.cmd.replace(".profile.demo", f".profile.{profile}"))
        verb = words[3].removeprefix("stages.")
        if verb not in ("tabulate", "illustrate"):
            continue
        arguments = parse(verb, ("paper", "what"), words[4:])
        module = importlib.import_module(f"stages.papers.mscond.report.{arguments.choices['what']}")
        block = module.Block.model_validate_json(json.dumps(layers.merge(values, arguments.layers)))
        assert block.profile == profile, stage.name
        seen += 1
        if arguments.choices["what"] == "uncurated":
            assert stage.outs[0] == f"results/figures/mscond_fig{block.figure}.png"
    assert seen == len(TARGETS)
