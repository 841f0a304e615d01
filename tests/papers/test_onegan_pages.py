"""OneGAN's machine-readable pages: claims, gaps, errata and printed values are complete and speak of what exists."""

import csv
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages import graph
from stages.papers.onegan.report.names import SETS
from tests.house.resolved import stages_here
from tests.papers import onegan_gaps

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/onegan"
TABLES = (
    "table1", *(f"table{number}" for number in range(2, 10)), "metrics", "clustering", "segmentation", "inpainting",
    "xbg", "swap", "claims", "metrics_seeds", "claims_seeds",
)  # fmt: skip
FIGURES = ("fig1", "fig2", "fig3", "fig4")
TARGETS = {
    *(f"results/tables/onegan_{name}.csv" for name in TABLES),
    *(f"results/figures/onegan_{name}.png" for name in FIGURES),
}


@cache
def stages() -> tuple[graph.Stage, ...]:
    return stages_here()


def own() -> list[graph.Stage]:
    return [stage for stage in stages() if stage.name.startswith("onegan_")]


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def test_every_target_is_built_and_by_one_stage():
    made = [out for stage in own() for out in stage.outs]
    assert set(made) >= TARGETS and len(made) == len(set(made))


def test_make_onegan_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = re.findall(r"^ONEGAN(?:_SEEDS)? := (.*?)\n\n", text, re.S | re.M)
    assert listed and set(re.findall(r"\w+", " ".join(listed))) >= {*TABLES, *FIGURES}


def test_claims_are_o1_to_o12_as_the_table_decides_them():
    from stages.papers.onegan.report.claims import EVERY

    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == list(EVERY) == [f"O{number}" for number in range(1, 13)]
    for claim in claims:
        assert set(claim) - {"tolerance"} == {"id", "claim", "evidence", "measured_by", "measure", "rule"}
        assert f"results/{claim['measured_by']}" in TARGETS, claim["id"]


def test_the_table_that_decides_a_claim_is_the_one_that_claims_yaml_names(tmp_path):
    from tests.papers import onegan_tables

    for claim in read("claims.yaml"):
        name = Path(claim["measured_by"]).stem
        folder = tmp_path / claim["id"]
        text = onegan_tables.TABLES[f"{name}, 1 seeds"](folder)["claims.csv"]
        assert claim["id"] in {row["claim"] for row in csv.DictReader(text.splitlines())}, claim["id"]


def test_the_tables_that_decide_a_claim_write_its_verdict():
    made = {out for stage in own() for out in stage.outs}
    for claim in read("claims.yaml"):
        assert f"results/{claim['measured_by'].removesuffix('csv')}claims.csv" in made


def test_tolerances_are_the_codes_own():
    from stages.papers.onegan.report.verdicts import GREY_LEVEL, LEAST_PSNR

    held = {claim["id"]: claim["tolerance"] for claim in read("claims.yaml") if "tolerance" in claim}
    assert held == {
        "O2": {"least_psnr": LEAST_PSNR, "origin": "ours"}, "O9": {"grey_levels": [1.0, 0.5], "origin": "ours"},
    }  # fmt: skip
    assert GREY_LEVEL == 1 / 255


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    assert [gap["id"] for gap in gaps] == [f"G{number}" for number in range(1, len(gaps) + 1)]
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages"}
        assert "?" in gap["question"] and gap["alternatives"] and gap["stages"], gap["id"]


def test_keys_of_gaps_are_those_that_origins_name_and_stages_those_that_read_them():
    text = onegan_gaps.GAPS.read_text(encoding="utf-8")
    assert onegan_gaps.renewed_file() == text, "run `python -m tests.papers.onegan_gaps`"


def test_lists_are_rewritten_in_their_gap_alone():
    class Reader:
        group, params = "reads", ("new.base",)

    text = (
        "# keys: [x]\n- id: G1\n  keys: [old.one,\n    old.two]\n  stages: [s]\n\n- id: G2\n  keys: []\n  stages: [t]\n"
    )
    found = onegan_gaps.rewritten(text, {"G1": ["new.base.key"]}, [Reader()])  # pyright: ignore[reportArgumentType]
    assert found == (
        "# keys: [x]\n- id: G1\n  keys: [new.base.key]\n  stages: [reads]\n\n- id: G2\n  keys: []\n  stages: [t]\n"
    )


def test_keys_of_shared_layers_are_onegans():
    """By name: sets with boxes, their tiles and detections; the layers of other papers' sets are not."""
    for key in ("bird_boxes.base.x", "raw.car_boxes.base.x", "tiles.base.per_strip", "detect.boxes.base.x"):
        assert onegan_gaps.SHARED.match(key), key
    for key in ("bird.base.x", "detect.base.x", "raw.cub.base.x", "cub_masks.base.boxes", "teacher.scorer.base.x"):
        assert not onegan_gaps.SHARED.match(key), key


def test_every_gap_that_onegan_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    named = {}
    for path in (*PAPER.rglob("*.py"), *PAPER.glob("params/**/*.yaml")):
        named |= dict.fromkeys(re.findall(r"\bgap (G\d+)\b", path.read_text(encoding="utf-8")), path.name)
    assert named and not {name: file for name, file in named.items() if name not in listed}


def test_the_stages_of_a_gap_exist():
    groups = {stage.group for stage in stages()}
    for gap in read("gaps.yaml"):
        assert set(gap["stages"]) <= groups, gap["id"]


def test_errata_are_complete_and_what_is_wrong_stands_in_the_text():
    errata = read("errata.yaml")
    assert [one["id"] for one in errata] == [f"E{number}" for number in range(1, 11)]
    assert all(set(one) == {"id", "place", "says", "right", "handled"} for one in errata)
    source = ROOT.parent / "shared/papers/onegan.txt"
    if not source.is_file():
        pytest.skip("needs the papers' texts beside the checkout")
    text = source.read_text(encoding="utf-8")
    for words in ("UPBlk(64,3,128)", "UPBlk(256,256)", "V_{c_0}(e_c)", "Linear((512, N_C)", "K4S4P0Conv2d(128, 256)",
                  "single forward path", "K4S2P1Conv2d(4, 64)", "DownSample2d(128, 126)"):  # fmt: skip
        assert words in text, words
    encoder = text[text.index("Table 6. Shape Encoder") : text.index("Table 7.")]
    assert "N_P" not in encoder and encoder.count("d_c") == 2


def test_notation_is_table_1_of_the_text():
    listed = read("notation.yaml")
    assert [sum(one["kind"] == kind for one in listed) for kind in ("variable", "network", "parameter")] == [19, 10, 7]
    source = ROOT.parent / "shared/papers/onegan.txt"
    if not source.is_file():
        pytest.skip("needs the papers' texts beside the checkout")
    text = source.read_text(encoding="utf-8")
    table = text[text.index("Table 1. The components") : text.index("and does not fully cover")]
    assert len([line for line in table.splitlines() if "\t" in line]) == len(listed) + 1
    for one in listed:
        assert one["description"] in table, one["symbol"]


def test_printed_values_stand_in_the_text():
    with (PAPER / "reported.csv").open(encoding="utf-8", newline="") as file:
        held = {line["metric"]: line["value"] for line in csv.DictReader(file)}
    assert held == {"d_z": "100", "d_c": "32", "d_p": "16", "d_bg": "32", "H, W": "128", "steps": "1000"}
    source = ROOT.parent / "shared/papers/onegan.txt"
    if not source.is_file():
        pytest.skip("needs the papers' texts beside the checkout")
    text = source.read_text(encoding="utf-8")
    for words in ("d_z = 100", "d_c = 32", "d_p = 16", "d_{bg} = 32", "H = W = 128", "for 1000 steps"):
        assert words in text, words


def test_reprinted_values_have_a_status_and_a_source_and_stand_once():
    with (PAPER / "reprinted.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert {line["status"] for line in lines} == {"reprinted", "unverified"} and all(line["source"] for line in lines)
    assert {line["dataset"] for line in lines} == set(SETS) and all(float(line["value"]) > 0 for line in lines)
    assert len({(line["method"], line["dataset"], line["metric"]) for line in lines}) == len(lines)
    held = {(line["method"], line["dataset"], line["metric"]): line for line in lines}
    assert [held["OneGAN", name, "FID"]["value"] for name in SETS] == ["20.5", "48.7", "24.2"]
    assert [held["OneGAN", name, "IoU"]["status"] for name in SETS] == ["reprinted", "unverified", "unverified"]


def test_every_caption_is_used_and_there():
    used = {stage.meta["caption"] for stage in own() if "caption" in stage.meta}
    assert used == {path.relative_to(ROOT).as_posix() for path in (PAPER / "captions").iterdir()}


def test_there_is_a_caption_for_every_target():
    assert {path.stem for path in (PAPER / "captions").iterdir()} == {*TABLES, *FIGURES}


def test_the_readme_names_every_file_of_the_paper():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    for path in sorted(PAPER.iterdir()):
        if not path.name.startswith("__") and path.name != "README.md":
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, f"README.md does not say what {path.name} is"


@pytest.mark.parametrize("profile", ["smoke", "demo", "lite", "paper"])
def test_blocks_of_tables_and_figures_are_whole_in_every_profile(profile):
    import importlib
    import shlex

    from stages.runner import layers, params
    from stages.runner.arguments import parse

    values = params.load(ROOT)
    for stage in own():
        words = shlex.split(stage.cmd.replace(".profile.demo", f".profile.{profile}"))
        verb = words[3].removeprefix("stages.")
        if verb not in ("tabulate", "illustrate"):
            continue
        arguments = parse(verb, ("paper", "what"), words[4:])
        module = importlib.import_module(f"stages.papers.onegan.report.{arguments.choices['what']}")
        assert module.Block.model_validate(layers.merge(values, arguments.layers)).profile == profile, stage.name
