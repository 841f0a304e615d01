"""GANSeg's JSON targets from made-up stores: separation of embeddings, triviality, part E, and all claims together."""

import json

import numpy as np
import pytest

from stages.papers.ganseg.report import ae_triviality, claims, embed_separation, equivariance, weighting
from tests.papers.ganseg_store import (
    REPORTED,
    SETS,
    agains,
    collapses,
    encoded,
    fidelities,
    models,
    put,
    put_not_run,
    score,
    segmenters,
    weights,
)

LIMITS = {
    "profile": "demo", "near": 0.15, "far": 0.4, "severe": 0.25, "neighbours": 3, "purity": 0.95, "extent": 1e-12,
    "pixels": 2.0, "exact": 1e-10, "broken": 1e-3,
}  # fmt: skip


def samples(folder, spread: float, bare: float | None = None) -> dict:
    """Inputs sample_<set>: clusters one apart with the given spread, before training noise or clusters; Taichi not."""
    random = np.random.default_rng(3)
    found = {"sample_taichi": put_not_run(folder / "sample_taichi")}
    for name in SETS:
        if name != "taichi":
            place = put(folder / f"sample_{name}", "sample", {"generations": 12, "parts": 3, "seed": 0})
            middle = np.eye(4, 5)[None]
            np.save(place / "embeddings.npy", (middle + spread * random.standard_normal((12, 4, 5))).astype(np.float32))
            noise = random.standard_normal((12, 4, 5))
            before = noise if bare is None else middle + bare * noise
            np.save(place / "untrained.npy", before.astype(np.float32))
            found[f"sample_{name}"] = place
    return found


def separation(folder, spread: float, bare: float | None = None) -> dict:
    block = embed_separation.Block(profile="demo", neighbours=3, purity=0.95)
    return json.loads(embed_separation.tabulate(block, samples(folder, spread, bare))["json"])


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


def test_what_is_separate_before_training_is_no_merit_of_it(tmp_path):
    """Pure clusters in both, closer before training: the claim needs more than the architecture gives by itself."""
    found = separation(tmp_path, 0.02, bare=0.01)
    assert found["sets"]["flowers"]["trained"]["purity"] == found["sets"]["flowers"]["untrained"]["purity"] == 1.0
    assert found["claims"]["C7"]["verdict"] == "fails"
    assert "purity 1.000 (untrained 1.000)" in found["claims"]["C7"]["measured"]


def test_the_background_is_a_label_of_its_own():
    """Two parts in one place, the background elsewhere: neighbours of parts are mixed, those of the background pure."""
    embeddings = np.zeros((10, 3, 2), np.float32)
    embeddings[:, 2] = 5.0
    embeddings += 0.01 * np.random.default_rng(0).standard_normal(embeddings.shape).astype(np.float32)
    purity = embed_separation.separation(embeddings, 5)["purity"]
    assert 1 / 3 < purity < 0.9  # the background's third is pure, of the parts' two thirds about half


def originals(folder, fired: tuple[str, ...] = ()) -> dict:
    """Inputs score_original_<set>, on whose masks the detector says the same on every set."""
    return {f"score_original_{name}": put(folder / f"original_{name}", "score", score(name, "main", 0, fired=fired))
            for name in SETS}  # fmt: skip


@pytest.mark.parametrize(
    ("fired", "main", "verdict"),
    [
        (["still"], (), "holds"),
        ([], (), "fails"),
        (["still"], ("overlap",), "not decided"),  # it fires for what is not trivial, too
        ([], ("overlap",), "not decided"),
    ],
)
def test_triviality_lists_rules_and_numbers(tmp_path, fired, main, verdict):
    inputs = encoded(tmp_path, fired) | originals(tmp_path, main)
    found = json.loads(ae_triviality.tabulate(ae_triviality.Block(profile="demo"), inputs)["json"])
    entry = found["kinds"]["masks"]["sets"]["celeba_wild"]
    assert entry["fired"] == fired and entry["values"] == {"background": 0.5}
    assert found["kinds"]["points"]["sets"]["flowers"]["not_run"]
    assert found["main"]["taichi"] == {
        "fired": list(main), "values": {"background": 0.7}, "fingerprint": "print of original_taichi"
    }  # fmt: skip
    claim = found["claims"]["C8"]
    assert (claim["verdict"], claim["columns"]) == (verdict, "0 of 8" if main else "2 of 8")
    assert not main or claim["why"] == "the detector tells nothing on CelebA-in-the-wild (main model: overlap)"


def test_an_auto_encoder_without_its_main_run_decides_nothing(tmp_path):
    inputs = encoded(tmp_path, ["still"]) | originals(tmp_path)
    inputs["score_original_celeba_wild"] = put_not_run(tmp_path / "other")
    found = json.loads(ae_triviality.tabulate(ae_triviality.Block(profile="demo"), inputs)["json"])
    assert found["claims"]["C8"]["verdict"] == "not decided" and "main model: not run" in found["claims"]["C8"]["why"]


@pytest.fixture
def judged(tmp_path):
    """The verdicts on C12 and C13 of runs with these ranks, of which one costs a tenth of the best error."""

    def of(ranks: dict[str, float | None], fired: tuple[str, ...] = (), base: float | None = 0.0) -> tuple[dict, dict]:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        inputs = weights(folder / "weights", ranks) | segmenters(folder, {"k4": base, "k16": base, "original": 0.0})
        if fired:
            held = score("celeba_wild", "k4_heavy", ranks["k4_heavy"], fired=fired)
            inputs["weight_k4_heavy"] = put(folder / "fired", "score", held)
        runs = weighting.open_all(inputs, "demo")
        two = weighting.heavy_is_trivial(runs, "demo"), weighting.area_is_insensitive(runs, "demo", 0.15, 0.25)
        return two[0].entry(), two[1].entry()

    return of


@pytest.mark.parametrize(
    ("rank", "fired", "verdict"),
    [(1, (), "holds"), (-1, (), "fails"), (-1, ("still",), "holds"), (None, (), "not run")],
)
def test_a_heavy_concentration_on_few_parts(judged, rank, fired, verdict):
    found, _ = judged({"k4_heavy": rank}, fired)
    assert found["verdict"] == verdict
    if rank is None:
        assert found["why"] == "this profile does not run K = 4 under λ_con of K = 32"


EVEN = {"k4_half": 1, "k4_double": -1, "k16_half": 0, "k16_double": 1}


@pytest.mark.parametrize(
    ("ranks", "verdict"),
    [
        (EVEN | {"no_area": 3}, "holds"),
        (EVEN | {"no_area": 2}, "fails"),  # not vital: 20 % worse without it
        (EVEN | {"no_area": 3, "k16_half": 2}, "fails"),  # sensitive at K = 16
        (EVEN | {"no_area": 3, "k16_half": -2}, "fails"),
        (EVEN, "not decided"),
        ({"k4_half": 2}, "fails"),
        ({}, "not run"),
    ],
)
def test_the_areas_weight_is_vital_and_insensitive(judged, ranks, verdict):
    _, found = judged(ranks)
    assert found["verdict"] == verdict
    assert ("no_area" in found.get("why", "")) == (verdict in ("not decided", "not run"))


def test_a_claim_on_weights_names_the_base_that_is_missing(judged):
    found, other = judged({"k4_heavy": 1}, base=None)
    assert found["why"] == "this profile does not run K = 4" and "k4, " in other["why"]


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
    sound = {row: [[], []] for row in ("n1", "n2", "n3")}
    given |= collapses(folder, {"n1": 0.0, "n2": 0.0, "n3": 0.01}, sound) | weights(folder / "weights", {})
    given |= collapses(folder, dict.fromkeys(sound, 0.01), sound, "deviation")
    given |= agains(folder / "again", {"fixed": 1.0, "original": 0.0})
    return given | encoded(folder, ["still"]) | samples(folder / "samples", 0.02) | part_e(folder / "e")


def test_all_claims_have_a_verdict_with_numbers(inputs):
    found = json.loads(claims.tabulate(claims.Block(**LIMITS), inputs)["json"])
    assert list(found["claims"]) == sorted(f"C{number}" for number in range(1, 14))
    verdicts = {name: claim["verdict"] for name, claim in found["claims"].items()}
    assert verdicts == {
        "C1": "not decided", "C2": "fails", "C3": "fails", "C4": "fails", "C5": "holds", "C6": "holds", "C7": "holds",
        "C8": "holds", "C9": "holds", "C10": "not decided", "C11": "not run", "C12": "not run", "C13": "not run",
    }  # fmt: skip
    assert [name for name, claim in found["claims"].items() if claim["worth"].startswith("exact")] == ["C6", "C9"]
    cell = found["claims"]["C3"]["values"]["flowers iou"]["fixed"]
    assert cell == {"ours": pytest.approx(0.67), "printed": "0.697", "fingerprint": "print of fixed_flowers"}
    assert found["claims"]["C4"]["collapse"]["verdict"] == "not decided"
    assert found["claims"]["C4"]["occasionally"]["verdict"] == "not decided"
    assert found["claims"]["C4"]["no_best"]["verdict"] == "fails"


def test_claims_agree_with_the_tables_own_words(inputs):
    """One rule, said twice: claims.json and the tables cannot differ."""
    from stages.papers.ganseg.report import table4

    found = json.loads(claims.tabulate(claims.Block(**LIMITS), inputs)["json"])
    text = table4.tabulate(table4.Block(profile="demo", severe=0.25), inputs)["md"]
    assert found["claims"]["C5"]["measured"] in text and found["claims"]["C5"]["rule"] in text


def test_claims_change_with_one_number(inputs, tmp_path):
    changed = dict(inputs) | part_e(tmp_path / "e", E6=1.0)
    found = json.loads(claims.tabulate(claims.Block(**LIMITS), changed)["json"])
    assert found["claims"]["C9"]["verdict"] == "fails" and "E6 full" in found["claims"]["C9"]["measured"]
    assert inputs["reported"] == REPORTED
