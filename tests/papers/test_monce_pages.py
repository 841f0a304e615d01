"""MoNCE's machine-readable pages: claims, gaps, errata and printed values are complete and speak of what exists."""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages import graph
from stages.runner import params
from tests.house.resolved import stages_here

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/monce"
TABLES = ("unpaired", "paired", "q_sweep", "weighting", "seeds", "rate", "force", "receptive", "transport", "claims")
FIGURES = (*(f"fig{number}" for number in range(1, 8)), "qsweep", "hist", "plan")
TARGETS = {
    *(f"results/tables/monce_{name}.csv" for name in TABLES),
    *(f"results/figures/monce_{name}.png" for name in FIGURES),
}


@cache
def parameters() -> dict:
    return params.load(ROOT)


@cache
def stages() -> tuple[graph.Stage, ...]:
    return tuple(stage for stage in stages_here() if stage.name.startswith("monce_"))


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def test_every_target_is_built_and_by_one_stage():
    made = [out for stage in stages() for out in stage.outs]
    assert set(made) >= TARGETS and len(made) == len(set(made))


def test_make_monce_lists_every_target():
    listed = re.search(r"MONCE := (.*?)\n\n", (ROOT / "Makefile").read_text(encoding="utf-8"), re.S)
    assert listed and set(re.findall(r"\w+", listed[1])) >= {*TABLES, *FIGURES}


def test_claims_are_m1_to_m9_as_the_table_decides_them():
    from stages.papers.monce.report.claims import EVERY

    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == list(EVERY) == [f"M{number}" for number in range(1, 10)]
    for claim in claims:
        assert set(claim) - {"tolerance"} == {"id", "claim", "evidence", "measured_by", "measure", "rule"}
        assert f"results/{claim['measured_by']}" in TARGETS, claim["id"]


def test_the_tables_that_decide_a_claim_write_its_verdict():
    made = {out for stage in stages() for out in stage.outs}
    for claim in read("claims.yaml"):
        assert claim["id"] == "M9" or f"results/{claim['measured_by'].removesuffix('csv')}claims.csv" in made


def test_the_tolerance_of_m4_is_the_codes_own():
    from stages.papers.monce.report.identity import EXACT

    held = {claim["id"]: claim["tolerance"] for claim in read("claims.yaml") if "tolerance" in claim}
    assert held == {"M4": {"exact": EXACT, "origin": "ours"}}


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    assert [gap["id"] for gap in gaps] == [f"G{number}" for number in range(1, len(gaps) + 1)]
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages"}
        assert "?" in gap["question"] and gap["alternatives"] and gap["stages"], gap["id"]


@pytest.mark.parametrize("gap", read("gaps.yaml"), ids=lambda gap: gap["id"])
def test_the_keys_of_a_gap_are_in_params_and_name_it(gap):
    from stages import homes
    from stages.runner.layers import comments

    said = comments(homes.files(ROOT), ROOT)
    for key in gap["keys"]:
        node = parameters()
        for part in key.split("."):
            assert isinstance(node, dict) and part in node, f"{gap['id']}: no parameter is called {key}"
            node = node[part]
        assert re.search(rf"\bgap {gap['id']}\b", said[key]), f"{key}: its origin does not name {gap['id']}"


@pytest.mark.parametrize("gap", read("gaps.yaml"), ids=lambda gap: gap["id"])
def test_the_stages_of_a_gap_exist(gap):
    commands = [stage.cmd for stage in stages()]
    for named in gap["stages"]:
        verb, what = named.split()
        assert any(f"stages.{verb} " in cmd and re.search(rf" --(method|what) {what}\b", cmd) for cmd in commands), (
            named
        )


def test_every_gap_that_monce_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    named = {}
    for path in (*PAPER.rglob("*.py"), *PAPER.glob("params/**/*.yaml")):
        named |= dict.fromkeys(re.findall(r"\bgap (G\d+)\b", path.read_text(encoding="utf-8")), path.name)
    assert named and not {name: file for name, file in named.items() if name not in listed}


def test_errata_are_complete_and_what_is_wrong_stands_in_the_text():
    errata = read("errata.yaml")
    assert [one["id"] for one in errata] == [f"E{number}" for number in range(1, 5)]
    assert all(set(one) == {"id", "place", "says", "right", "handled"} for one in errata)
    source = ROOT.parent / "shared/papers/monce.txt"
    if not source.is_file():
        pytest.skip("needs the papers' texts beside the checkout")
    text = " ".join(source.read_text(encoding="utf-8").split())
    for words in ("learning rate of 0.002", "consistent with the implementation of perceptual loss in SPADE",
                  "a two-layer MLP with 256 units", "relu5.2"):  # fmt: skip
        assert words in text.replace("*", ""), words


def test_printed_values_have_a_kind_and_recalled_ones_stand_apart():
    with (PAPER / "reported.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len({tuple(line[key] for key in ("table", "method", "dataset", "metric")) for line in lines}) == len(lines)
    assert {line["kind"] for line in lines if line["table"] == "unverified"} == {"U"}
    assert {line["kind"] for line in lines if line["table"] != "unverified"} == {"C"}
    held = {(line["table"], line["method"], line["dataset"]): line["value"] for line in lines}
    # Both values of MoNCE on ADE20K; Q = 1 alone of the sweep over Q.
    assert (held["paired", "monce", "rooms"], held["paired_again", "monce", "rooms"]) == ("31.62", "31.56")
    assert [method for table, method, _ in held if table == "q_sweep"] == ["monce"]
    assert [held["weighting", run, "horses"] for run in ("monce", "b05", "b1", "b5")] == [
        "41.86",
        "43.47",
        "44.40",
        "45.23",
    ]


def test_the_readmes_table_of_written_and_released_is_the_parameters_own():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)\.(\w+)` \| (.+?) \| (.+?) \| `(\w+)\.variant\.(\w+)` \|$", text, re.M)
    held, shown = parameters()["monce"], {}
    for block, key, written, released, home, layer in rows:
        assert home == block
        base = held[block]["base"] | (
            held[block]["variant"]["paired"] if layer == "released" and block == "weighting" else {}
        )
        assert (said(base[key]), said(held[block]["variant"][layer][key])) == (written, released), f"{block}.{key}"
        shown.setdefault((block, layer), set()).add(key)
    layers = {
        (block, layer): set(values)
        for block, parts in held.items()
        for layer, values in parts.get("variant", {}).items()
        if layer.startswith("released")
    }
    assert shown == layers


def said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def test_every_caption_is_used_and_there():
    used = {stage.meta["caption"] for stage in stages() if "caption" in stage.meta}
    assert used == {path.relative_to(ROOT).as_posix() for path in (PAPER / "captions").iterdir()}


def test_the_readme_names_every_file_of_the_paper():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    for path in sorted(PAPER.iterdir()):
        if not path.name.startswith("__") and path.name != "README.md":
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, f"README.md does not say what {path.name} is"


@pytest.mark.parametrize("profile", ["smoke", "demo", "lite", "paper"])
def test_blocks_of_tables_and_figures_are_whole_in_every_profile(profile):
    import importlib
    import shlex

    from stages.runner import layers
    from stages.runner.arguments import parse

    for stage in stages():
        words = shlex.split(stage.cmd.replace(".profile.demo", f".profile.{profile}"))
        verb = words[3].removeprefix("stages.")
        if verb not in ("tabulate", "illustrate"):
            continue
        arguments = parse(verb, ("paper", "what"), words[4:])
        module = importlib.import_module(f"stages.papers.monce.report.{arguments.choices['what']}")
        assert module.Block.model_validate(layers.merge(parameters(), arguments.layers)).profile == profile, stage.name
