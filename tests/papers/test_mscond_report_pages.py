"""MsConD's machine-readable pages: claims, gaps, errata and printed values are complete and speak of what exists."""

import csv
import re
from pathlib import Path

import pytest
import yaml

from stages.papers.mscond.report import verdicts
from stages.papers.mscond.report.claims import EVERY
from stages.papers.mscond.report.names import LADDER, MODELS, RUNS, SETS
from tests.papers import mscond_tables as tables

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/mscond"
SOURCE = ROOT.parent / "shared/papers/mscond.txt"
TABLES = ("table1", "fid", "object_fid", "scene_ladder", "dynamics", "cost", "claims")
FIGURES = ("fig1", "fig2", "fig3", "fig4", "fig5", "fig6")
TARGETS = {*(f"tables/mscond_{name}.csv" for name in TABLES), *(f"figures/mscond_{name}.png" for name in FIGURES)}


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def printed() -> list[dict[str, str]]:
    with (PAPER / "reported.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def source() -> str:
    if not SOURCE.is_file():
        pytest.skip("needs the papers' texts beside the checkout")
    return SOURCE.read_text(encoding="utf-8")


def test_claims_are_c1_to_c9_as_the_table_decides_them():
    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == list(EVERY) == [f"C{number}" for number in range(1, 10)]
    for claim in claims:
        assert set(claim) == {"id", "claim", "evidence", "measured_by", "measure", "rule"}
        assert claim["measured_by"] in TARGETS, claim["id"]
        assert hasattr(verdicts, claim["id"])


def test_the_table_that_decides_a_claim_is_the_one_that_claims_yaml_names(tmp_path):
    for claim in read("claims.yaml")[:-1]:  # C9 is shown in a figure
        name = Path(claim["measured_by"]).stem
        text = tables.TABLES[f"{name}, 1 seeds"](tmp_path / claim["id"])["claims.csv"]
        assert claim["id"] in {row["claim"] for row in csv.DictReader(text.splitlines())}, claim["id"]


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    assert [gap["id"] for gap in gaps] == [f"G{number}" for number in range(1, 31)]
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages"}
        assert "?" in gap["question"] and isinstance(gap["default"], str), gap["id"]
        assert gap["alternatives"] and gap["stages"] and all(isinstance(one, str) for one in gap["alternatives"])


def test_every_gap_that_mscond_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    named = {}
    for path in (*PAPER.rglob("*.py"), *PAPER.glob("*.yaml")):
        named |= dict.fromkeys(re.findall(r"\bgap (G\d+)\b", path.read_text(encoding="utf-8")), path.name)
    assert named and not {name: file for name, file in named.items() if name not in listed}


def test_errata_are_complete_and_what_is_wrong_stands_in_the_text():
    errata = read("errata.yaml")
    assert [one["id"] for one in errata] == [f"E{number}" for number in range(1, 10)]
    assert all(set(one) == {"id", "place", "says", "right", "handled"} for one in errata)
    text = source()
    for words in ("$256\\times 256\\times 128$", "Conv-ReLU-Conv", "whose height is from 1 to 8", "overly confident",
                  "All images are randomly sampled with truncation trick"):  # fmt: skip
        assert words in text, words
    livingroom = text[text.index("StyleGAN2 (FID 4.64)") : text.index("Figure 5.")]
    assert "MsConD" not in livingroom and "ProjectedGAN (FID 5.51)" in livingroom


def test_printed_fids_stand_in_the_text_under_their_sets():
    lines = [line for line in printed() if line["table"] == "fid"]
    assert len(lines) == 11 and len({(line["method"], line["dataset"]) for line in lines}) == 11
    assert {line["method"] for line in lines} == set(MODELS) and {line["dataset"] for line in lines} == set(SETS)
    text, start = source(), source().index("Figure 3.")
    for number, name in enumerate(SETS, 4):
        end = text.index(f"Figure {number}. Uncurated", start)
        part = text[start:end]
        for line in lines:
            if line["dataset"] == name:
                title = "MsConD (Ours)" if line["method"] == "s1_16_on" else RUNS[line["method"]]
                assert f"{title} (FID {line['value']})" in part, line
        assert part.count("(FID ") == sum(line["dataset"] == name for line in lines)
        start = end


def plain(words: str) -> str:
    """Words without the text's own marks: `$1\\times 1~\\text{ResBlk}$` -> `1x1ResBlk`."""
    return re.sub(r"\\text|\\rm|[{}$~ ]", "", words).replace("\\times", "x").replace("×", "x")


def test_printed_layers_are_the_lines_of_table_1():
    lines = [line for line in printed() if line["table"] == "table1"]
    assert [line["dataset"] for line in lines] == [str(number) for number in range(1, 19)]
    text = source()
    rows = [line.split("\t") for line in text[: text.index("Table 1.")].splitlines() if line.count("\t") == 2][1:]
    assert len(rows) == 18
    for line, row in zip(lines, rows, strict=True):
        assert [line["method"], *map(plain, (line["metric"], line["value"]))] == [row[0], *map(plain, row[1:])]


def test_the_ladder_has_the_three_names_of_the_text_in_its_corners():
    assert [RUNS[run] for run in (LADDER["1"][0], *LADDER["1-16"])] == ["StyleGAN2", "MultiscaleD", "MsConD"]
    assert {run for runs in LADDER.values() for run in runs} | {"insgen", "projectedgan"} == set(RUNS)


def test_there_is_a_caption_for_every_target():
    assert {path.stem for path in (PAPER / "captions").iterdir()} == {*TABLES, *FIGURES}


def test_the_readme_names_every_file_of_the_paper_and_every_target():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    for path in sorted(PAPER.iterdir()):
        if not path.name.startswith("__") and path.name != "README.md":
            assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, f"README.md does not say what {path.name} is"
    for name in (*TABLES, "fig1", "fig2", "fig3", "fig4", "fig6"):
        assert f"`mscond_{name}`" in text, name
