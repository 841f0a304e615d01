"""The paper's machine-readable pages: claims and gaps are complete and speak of keys and files that exist."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/contrasfill"


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def test_claims_are_c1_to_c14_and_complete():
    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == [f"C{number}" for number in range(1, 15)]
    for claim in claims:
        assert set(claim) - {"tolerance"} == {"id", "claim", "evidence", "measured_by", "measure", "rule"}
        assert re.match(r"supp §\d", claim["evidence"]), claim["id"]
        assert re.fullmatch(r"(tables/\w+\.csv|figures/\w+\.png)", claim["measured_by"]), claim["id"]


def test_the_tolerance_of_c1_is_the_tables_own():
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    claim = read("claims.yaml")[0]
    assert claim["tolerance"]["fidelity_tolerance"] == params["contrasfill"]["table1"]["base"]["fidelity_tolerance"]
    assert f"{claim['tolerance']['fidelity_tolerance']:g} *" in claim["rule"]


def test_every_claim_of_table_1_has_its_verdict():
    from stages.papers.contrasfill.report.verdicts import CLAIMS

    assert [name for name, _, _ in CLAIMS] == [
        claim["id"] for claim in read("claims.yaml") if claim["measured_by"] == "tables/table1.csv"
    ]


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    ids = [gap["id"] for gap in gaps]
    assert ids == [f"G{number}" for number in range(1, len(gaps) + 1)] and len(gaps) >= 25
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages"}
        assert "?" in gap["question"], gap["id"]
        assert gap["alternatives"] and gap["stages"]


@pytest.mark.parametrize("gap", read("gaps.yaml"), ids=lambda gap: gap["id"])
def test_the_keys_of_a_gap_are_in_params(gap):
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in gap["keys"]:
        node = params
        for part in key.split("."):
            assert isinstance(node, dict) and part in node, f"{gap['id']}: params.yaml has no {key}"
            node = node[part]


def test_every_gap_that_params_or_code_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    texts = [ROOT / "params.yaml", *(ROOT / "stages").rglob("*.py")]
    own = [path for path in texts if "papers" not in path.parts or "contrasfill" in path.parts]
    named = {name: path for path in own for name in re.findall(r"\bgap (G\d+)\b", path.read_text(encoding="utf-8"))}
    assert named, "no gap is named anywhere: is the pattern still right?"
    assert not {name: path.name for name, path in named.items() if name not in listed}


def test_the_readme_names_every_file_of_the_paper():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    for path in sorted(PAPER.iterdir()):
        if path.name.startswith("__") or path.name == "README.md":
            continue
        assert f"`{path.name}{'/' if path.is_dir() else ''}`" in text, f"README.md does not say what {path.name} is"
