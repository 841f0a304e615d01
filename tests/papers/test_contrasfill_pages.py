"""The paper's machine-readable pages: claims and gaps are complete and speak of keys and files that exist."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from stages import graph, homes
from stages.runner.params import load
from tests.house.resolved import stages_here

ROOT = Path(__file__).resolve().parents[2]
PAPER = ROOT / "stages/papers/contrasfill"


@cache
def params() -> dict:
    return load(ROOT)


@cache
def stages() -> tuple[graph.Stage, ...]:
    return stages_here()


def read(name: str) -> list[dict]:
    return yaml.safe_load((PAPER / name).read_text(encoding="utf-8"))


def test_claims_are_c1_to_c14_and_complete():
    claims = read("claims.yaml")
    assert [claim["id"] for claim in claims] == [f"C{number}" for number in range(1, 15)]
    for claim in claims:
        assert set(claim) - {"tolerance"} == {"id", "claim", "evidence", "basis", "measured_by", "measure", "rule"}
        assert re.match(r"supp §\d", claim["evidence"]), claim["id"]
        assert re.fullmatch(r"(tables/\w+\.csv|figures/\w+\.png)", claim["measured_by"]), claim["id"]


def test_the_tolerance_of_c1_is_the_tables_own():
    claim = read("claims.yaml")[0]
    assert claim["tolerance"]["fidelity_tolerance"] == params()["contrasfill"]["table1"]["base"]["fidelity_tolerance"]
    assert f"{claim['tolerance']['fidelity_tolerance']:g} *" in claim["rule"]


def test_the_ratio_of_c8_is_the_tables_own():
    claim = next(claim for claim in read("claims.yaml") if claim["id"] == "C8")
    assert claim["tolerance"]["ratio"] == params()["contrasfill"]["partial_masks"]["base"]["ratio"]
    assert claim["rule"].count(f"{claim['tolerance']['ratio']:g} *") == 2


def test_the_share_of_c11_is_the_tables_own():
    claim = next(claim for claim in read("claims.yaml") if claim["id"] == "C11")
    assert claim["tolerance"]["drift_share"] == params()["contrasfill"]["identity_table"]["base"]["drift_share"]
    assert f"{claim['tolerance']['drift_share']:g} *" in claim["rule"]


def test_what_the_text_gives_for_each_claim():
    """Printed numbers are those of Table 1; the last paragraph of §3 says what ContrasFill-1 is for and no result."""
    bases = {claim["id"]: claim["basis"] for claim in read("claims.yaml")}
    assert {name for name, basis in bases.items() if basis == "printed"} == {"C1", "C2", "C3", "C4", "C5"}
    assert {name for name, basis in bases.items() if basis == "expectation"} == {"C12"}
    assert {name for name, basis in bases.items() if basis == "arithmetic"} == {"C14"}
    assert set(bases.values()) == {"printed", "words", "expectation", "arithmetic"}


def test_every_claim_has_a_rule_and_a_target():
    from stages.papers.contrasfill.report.contrasfill_claims import EVERY_RULE

    claims = read("claims.yaml")
    assert set(EVERY_RULE) | {"C14"} == {claim["id"] for claim in claims}
    outs = {out for stage in stages() for out in stage.outs}
    assert not [claim["id"] for claim in claims if f"results/{claim['measured_by']}" not in outs]


def test_every_claim_of_table_1_has_its_verdict():
    from stages.papers.contrasfill.report.verdicts import BOX, OBJECT

    for names, measured_by in ((OBJECT, "tables/table1.csv"), (BOX, "tables/table1_box.csv")):
        about = [claim["id"] for claim in read("claims.yaml") if claim["measured_by"] == measured_by]
        # Figure 9 shows what C5 says in words; its rule is about Table 1's numbers.
        assert list(names) == about + (["C5"] if names is OBJECT else [])


def test_gaps_have_distinct_ids_and_all_parts():
    gaps = read("gaps.yaml")
    ids = [gap["id"] for gap in gaps]
    assert ids == [f"G{number}" for number in range(1, len(gaps) + 1)] and len(gaps) >= 25
    for gap in gaps:
        assert set(gap) == {"id", "question", "default", "alternatives", "keys", "stages", "targets", "claims"}
        assert "?" in gap["question"], gap["id"]
        assert gap["alternatives"] and gap["stages"] and gap["targets"]


@pytest.mark.parametrize("gap", read("gaps.yaml"), ids=lambda gap: gap["id"])
def test_the_keys_of_a_gap_are_in_params(gap):
    for key in gap["keys"]:
        node = params()
        for part in key.split("."):
            assert isinstance(node, dict) and part in node, f"{gap['id']}: no parameter is called {key}"
            node = node[part]


def test_every_gap_that_params_or_code_names_is_listed():
    listed = {gap["id"] for gap in read("gaps.yaml")}
    texts = [*map(ROOT.joinpath, homes.files(ROOT)), *(ROOT / "stages").rglob("*.py")]
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


def test_errata_have_all_parts_and_the_first_is_what_is_counted():
    from stages.papers.contrasfill.report.example import counts

    errata = read("errata.yaml")
    assert [entry["id"] for entry in errata] == [f"E{number}" for number in range(1, len(errata) + 1)]
    for entry in errata:
        assert set(entry) == {"id", "place", "says", "right", "handled"} and entry["place"].startswith("supp ")
    assert f"= {counts()['positive pairs']}," in errata[0]["right"] and "480" in errata[0]["right"]


def test_errata_and_gaps_named_anywhere_exist():
    known = {entry["id"] for entry in (*read("errata.yaml"), *read("gaps.yaml"))}
    for page in ("claims.yaml", "errata.yaml", "README.md"):
        text = (PAPER / page).read_text(encoding="utf-8")
        named = set(re.findall(r"\b(?:erratum|gaps?) ([EG]\d+)", text))
        assert named <= known, f"{page}: {sorted(named - known)}"


def departures(layer: dict) -> dict[str, tuple]:
    """Key -> the base's value and the demo's, of a layer's demo; the stamp of the profile is none."""
    demo = layer.get("profile", {}).get("demo", {})
    return {key: (layer["base"][key], value) for key, value in demo.items() if key != "profile"}


def test_the_readme_says_exactly_what_the_demo_changes():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    part = text.partition("## What the demo shows")[2]
    found = {}
    for layer, cells in re.findall(r"(?m)^\| `(\w+)` \| (`.+→.+) \|$", part):
        said = re.findall(r"`(\w+)` (.+?) → (.+?)(?:, (?=`)|$)", cells)
        found[layer] = {key: (yaml.safe_load(before), yaml.safe_load(after)) for key, before, after in said}
    held = {name: changed for name, layer in params()["contrasfill"].items() if (changed := departures(layer))}
    ours = params()["contrasfill"]["contrasfill"]
    held["shape"] = {key: (ours["base"][key], value) for key, value in ours["shape"]["demo"].items()}
    assert found == held
    assert not ours["shape"]["paper"]
    assert not any(layer.get("profile", {}).get("paper") for layer in params()["contrasfill"].values())


def test_the_readme_says_how_much_faster_batfill_learns_in_the_demo():
    changed = departures(params()["contrasfill"]["batfill"])
    keys = ("transformer_learning_rate", "generator_learning_rate", "discriminator_learning_rate")
    times = [round(after / before) for before, after in (changed[key] for key in keys)]
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    said = re.search(
        r"its rates are (\d+) \(transformer\),\s+(\d+) \(upsampler\) and (\d+) \(discriminator\) times", text
    )
    assert said and [int(number) for number in said.groups()] == times


def test_the_readme_names_every_final_target():
    text = (PAPER / "README.md").read_text(encoding="utf-8")
    finals = [stage for stage in stages() if stage.final and stage.meta["paper"] == "contrasfill"]
    for stage in finals:
        name = Path(stage.outs[0]).with_suffix("").relative_to("results").as_posix().removesuffix("_seeds")
        folder, _, leaf = name.partition("/")
        drawn = re.fullmatch(r"fig(0[3-5]|13)", leaf)  # within `fig02` to `fig06`, `fig12` to `fig14`
        assert drawn or f"`{name}`" in text or f"`{leaf}`" in text, f"README.md does not name {folder}/{leaf}"


def test_every_final_stage_has_a_caption_and_a_seeds_form_where_it_is_a_table():
    finals = [stage for stage in stages() if stage.final and stage.meta["paper"] == "contrasfill"]
    names = {Path(stage.outs[0]).stem for stage in finals}
    assert {f"fig{number:02d}" for number in range(1, 16)} <= names
    for stage in finals:
        assert (ROOT / stage.meta["caption"]).is_file(), stage.name
        name = Path(stage.outs[0]).stem
        # The ablations are trained with one seed.
        if "/tables/" in stage.outs[0] and not name.endswith("_seeds") and name != "ablations":
            assert f"{name}_seeds" in names, f"{name} has no three-seed form"
