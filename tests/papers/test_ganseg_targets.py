"""GANSeg's JSON targets from made-up stores: separation of embeddings, triviality, part E, and all claims together."""

import json

import numpy as np
import pytest

from stages.papers.ganseg.report import ae_triviality, claims, embed_separation, equivariance
from tests.papers.ganseg_store import (
    REPORTED,
    SETS,
    collapses,
    encoded,
    fidelities,
    models,
    put,
    put_not_run,
    segmenters,
)

LIMITS = {
    "profile": "demo", "near": 0.15, "far": 0.4, "neighbours": 3, "purity": 0.95, "extent": 1e-12, "pixels": 2.0,
    "exact": 1e-10, "broken": 1e-3,
}  # fmt: skip


def samples(folder, spread: float) -> dict:
    """Inputs sample_<set>: clusters one apart with the given spread; Taichi was not run."""
    random = np.random.default_rng(3)
    found = {"sample_taichi": put_not_run(folder / "sample_taichi")}
    for name in SETS:
        if name != "taichi":
            place = put(folder / f"sample_{name}", "sample", {"generations": 12, "parts": 3, "seed": 0})
            middle = np.eye(4, 5)[None]
            np.save(place / "embeddings.npy", (middle + spread * random.standard_normal((12, 4, 5))).astype(np.float32))
            np.save(place / "untrained.npy", random.standard_normal((12, 4, 5)).astype(np.float32))
            found[f"sample_{name}"] = place
    return found


def separation(folder, spread: float) -> dict:
    block = embed_separation.Block(profile="demo", neighbours=3, purity=0.95)
    return json.loads(embed_separation.tabulate(block, samples(folder, spread))["json"])


def test_clusters_are_separate_and_noise_is_not(tmp_path):
    near, far = separation(tmp_path / "near", 0.02), separation(tmp_path / "far", 3.0)
    assert (
        near["sets"]["flowers"]["trained"]["purity"] == 1.0 and near["sets"]["flowers"]["trained"]["silhouette"] > 0.8
    )
    assert near["sets"]["flowers"]["untrained"]["purity"] < 0.6
    assert near["claims"]["C7"]["verdict"] == "holds" and near["claims"]["C7"]["columns"] == "3 of 4"
    assert near["claims"]["C7"]["worth"] == "not evidence (demo profile)"
    assert far["claims"]["C7"]["verdict"] == "fails"
    assert near["sets"]["taichi"] == {"not_run": "enabled: false in this profile"}
    assert near["sets"]["flowers"]["fingerprint"] == "print of sample_flowers"


def test_the_background_is_a_label_of_its_own():
    """Two parts in one place, the background elsewhere: neighbours of parts are mixed, those of the background pure."""
    embeddings = np.zeros((10, 3, 2), np.float32)
    embeddings[:, 2] = 5.0
    embeddings += 0.01 * np.random.default_rng(0).standard_normal(embeddings.shape).astype(np.float32)
    purity = embed_separation.separation(embeddings, 5)["purity"]
    assert 1 / 3 < purity < 0.9  # the background's third is pure, of the parts' two thirds about half


@pytest.mark.parametrize(("fired", "verdict"), [(["still"], "holds"), ([], "fails")])
def test_triviality_lists_rules_and_numbers(tmp_path, fired, verdict):
    found = json.loads(ae_triviality.tabulate(ae_triviality.Block(profile="demo"), encoded(tmp_path, fired))["json"])
    entry = found["kinds"]["masks"]["sets"]["celeba_wild"]
    assert entry["fired"] == fired and entry["values"] == {"background": 0.5}
    assert found["kinds"]["points"]["sets"]["flowers"]["not_run"]
    assert (found["claims"]["C8"]["verdict"], found["claims"]["C8"]["columns"]) == (verdict, "2 of 8")


def part_e(folder, **changes: float) -> dict:
    """Input equivariance: all exact errors tiny, all controls large, but for the changes."""
    errors = {
        name: {"below": 1e-14, "above": 0.1, "reported": 1.0}[side]
        for name, (_, side) in equivariance.STATEMENTS.items()
    }
    case = {"margin": 10, "errors": errors | changes}
    return {"equivariance": put(folder, "score", {"cases": {"profile": case, "full": case}})}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "holds"),
        ({"E3": 1e-9}, "fails"),
        ({"E4_margin_4": 1e-4}, "fails"),
        ({"E13": 0.0}, "fails"),
        ({"E10": 0.0}, "holds"),
    ],
)
def test_part_e_needs_exact_statements_and_broken_controls(tmp_path, changes, verdict):
    block = equivariance.Block(profile="demo", exact=1e-10, broken=1e-3)
    found = json.loads(equivariance.tabulate(block, part_e(tmp_path / "e", **changes))["json"])
    assert found["claims"]["C9"]["verdict"] == verdict
    assert found["cases"]["full"]["statements"]["E10"]["holds"] is None
    assert set(found["cases"]["full"]["statements"]) == set(equivariance.STATEMENTS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims")
    lines = {"fixed": 1.0, "original": 0.0, "n3": 2.0, "n4": 0.0, "n6": None, "n8": None}
    lines |= {"k1": 2.0, "k4": None, "k8": 0.0, "k12": None, "k16": None, "k32": 3.0}
    given = segmenters(folder / "runs", lines) | models(folder) | fidelities(folder / "fid")
    given |= collapses(folder, {"n1": 0.0, "n2": 0.0, "n3": 0.01}, {"n1": [], "n2": [], "n3": []})
    return given | encoded(folder, ["still"]) | samples(folder / "samples", 0.02) | part_e(folder / "e")


def test_all_ten_claims_have_a_verdict_with_numbers(inputs):
    found = json.loads(claims.tabulate(claims.Block(**LIMITS), inputs)["json"])
    assert list(found["claims"]) == sorted(f"C{number}" for number in range(1, 11))
    verdicts = {name: claim["verdict"] for name, claim in found["claims"].items()}
    assert verdicts == {
        "C1": "not decided", "C2": "fails", "C3": "holds", "C4": "fails", "C5": "fails", "C6": "holds", "C7": "holds",
        "C8": "holds", "C9": "holds", "C10": "not decided",
    }  # fmt: skip
    assert [name for name, claim in found["claims"].items() if claim["worth"].startswith("exact")] == ["C6", "C9"]
    cell = found["claims"]["C3"]["values"]["flowers iou"]["fixed"]
    assert cell == {"ours": pytest.approx(0.67), "printed": "0.697", "fingerprint": "print of fixed_flowers"}
    assert found["claims"]["C4"]["collapse"]["verdict"] == "holds"
    assert found["claims"]["C4"]["no_best"]["verdict"] == "fails"


def test_claims_agree_with_the_tables_own_words(inputs):
    """One rule, said twice: claims.json and the tables cannot differ."""
    from stages.papers.ganseg.report import table4

    found = json.loads(claims.tabulate(claims.Block(**LIMITS), inputs)["json"])
    text = table4.tabulate(table4.Block(profile="demo"), inputs)["md"]
    assert found["claims"]["C5"]["measured"] in text and found["claims"]["C5"]["rule"] in text


def test_claims_change_with_one_number(inputs, tmp_path):
    changed = dict(inputs) | part_e(tmp_path / "e", E6=1.0)
    found = json.loads(claims.tabulate(claims.Block(**LIMITS), changed)["json"])
    assert found["claims"]["C9"]["verdict"] == "fails" and "E6 full" in found["claims"]["C9"]["measured"]
    assert inputs["reported"] == REPORTED
