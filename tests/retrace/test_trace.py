"""`retrace trace`: from a file's content alone to raw data, with every parameter's origin."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from stages import graph
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.evidence.roots import roots_of
from tests.retrace.toy_paper import OWN, with_text
from tests.retrace.traced import untraced

TABLE = "results/tables/table.csv"
MODEL = "results/store/demo/model/toy/ours_0"
PICTURE = "results/figures/figure.png"


def stages_of(answer: dict) -> dict[str, dict]:
    return {entry["stage"]: entry for entry in answer["stages"]}


def test_the_whole_tree_of_a_table(published):
    code, answer = published.answer("trace", TABLE)
    assert (code, answer["trusted"], answer["current"], answer["warning"]) == (0, True, True, "")
    found = stages_of(answer)
    assert len(found) == 13, "all 14 stages but the picture"
    assert found[MODEL]["command"][:1] == ["train"] and "--seed" in found[MODEL]["command"]
    assert set(found[MODEL]["code"]) >= {"stages/train.py", "stages/toy_loss.py", "stages/runner/main.py"}
    assert "stages/sample.py" not in found[MODEL]["code"], "not imported"
    assert found[MODEL]["environment"]["lock"] == "envs/core.lock" and len(found[MODEL]["environment"]["sha256"]) == 64
    assert answer["seeds"][MODEL] == "0" and set(answer["seeds"].values()) == {"0", "1", "7"}
    for entry in found.values():
        for given in entry["inputs"].values():
            assert given["receipt"] is None or given["receipt"] in {other["receipt"] for other in found.values()}


def test_parameters_have_origin_layer_and_gap(published):
    _, answer = published.answer("trace", MODEL)
    params = stages_of(answer)[MODEL]["params"]
    assert params["rate"] == {"value": 0.5, "origin": "supp §1", "layer": "toy.train.base", "gaps": []}
    assert params["steps"] == {"value": 2, "origin": "main §2", "layer": "toy.train.profile.demo", "gaps": []}
    assert params["width"]["gaps"] == ["G1"]
    assert [(gap["paper"], gap["id"], gap["question"]) for gap in answer["gaps"]] == [
        ("toy", "G1", "How wide?"), ("toy", "G2", "Which seed?"),
    ], "G2 stands in a layer that only this paper's gap names; the other paper's G2 is another question"  # fmt: skip


def test_every_target_leads_to_raw_data(published, paper):
    """Measure of done: all final files and every file of the store, with nothing lost and a digest at each root."""
    assert untraced(published.folder) == {}
    for stage in graph.load(published.folder):
        if stage.group != "preflight":
            _, answer = published.answer("trace", stage.outs[0])
            drawn = [root["path"] for root in answer["roots"] if root["kind"] == "drawn here"]
            assert drawn == ["results/store/demo/raw/cub"], stage.name
    card = next(root for root in answer["roots"] if root["path"] == "stages/cards/cub.yaml")
    assert "Caltech-UCSD Birds" in card["note"] and "non-commercial" in card["note"]
    shutil.rmtree(paper.folder / "results/store/demo/raw")
    kept = paper.folder / "results/receipts"
    raw = json.loads((paper.folder / MODEL / "receipt.json").read_text())["inputs"]["data"]["receipt"]
    (kept / f"{raw}.json").unlink()
    assert set(untraced(paper.folder)) > {TABLE, PICTURE, f"{MODEL}/weights.txt"}, "the measure can fail"


def test_roots_of_the_user_s_own_data_and_weights():
    """In lite and paper: the digest of the list of all files, and the sha256 of weights where they are used."""

    def made(verb, params, outputs, command=()):
        content = {"stage": "results/store/lite/x", "verb": verb, "params": params, "outputs": outputs, "inputs": {},
                   "command": [verb, *command]}  # fmt: skip
        return Receipt("d" * 64, Path("x"), content)

    raw = made("render", {"supply": "user", "root": "data/cub"}, {"files.parquet": {"sha256": "a" * 64, "size": 1}})
    weights = {"source": "file", "file": "data/weights/a.pth", "sha256": "b" * 64, "x_file": "", "x_sha256": ""}
    used = made("preflight", weights, {}, ("--need", "face"))
    unused = made("preflight", {**weights, "source": "taught", "file": "data/weights/c.pth"}, {})
    found = [(root.kind, root.path, root.sha256) for root in roots_of([raw, used, unused], Shelf())]
    assert found == [("user's data", "data/cub", "a" * 64), ("user's file", "data/weights/a.pth", "b" * 64)]


@pytest.mark.parametrize("name", ["figure.png", "figure.pdf"])
def test_a_copied_picture_is_found_by_its_bytes(published, tmp_path, name):
    shutil.copy(published.folder / "results/figures" / name, tmp_path / f"slide {name}")
    code, answer = published.answer("trace", str(tmp_path / f"slide {name}"))
    assert code == 0 and answer["found"] == f"by its bytes: it is results/figures/{name}"
    assert answer["stages"][0]["stage"] == "results/figures/figure" and len(answer["stages"]) == 5


@pytest.mark.parametrize("form", ["tEXt", "zTXt", "iTXt", "pdf"])
def test_altered_pixels_keep_the_fingerprint_and_are_reported(published, tmp_path, form):
    """Metadata of a picture that some program wrote anew, in each form that PNG has for text."""
    import zlib

    png = (published.folder / PICTURE).read_bytes()
    fingerprint = json.loads((published.folder / "results/receipts/figure.json").read_text())["fingerprint"].encode()
    bodies = {
        "tEXt": b"retrace:fingerprint\0" + fingerprint,
        "zTXt": b"retrace:fingerprint\0\0" + zlib.compress(fingerprint),
        "iTXt": b"retrace:fingerprint\0\0\0\0\0" + fingerprint,
    }
    path = tmp_path / "x.bin"
    if form == "pdf":
        path.write_bytes((published.folder / "results/figures/figure.pdf").read_bytes() + b"% more\n")
    else:
        path.write_bytes(with_text(png, form.encode(), bodies[form]) + b"more")
    code, answer = published.answer("trace", str(path))
    assert code == 1 and not answer["trusted"] and "not the bytes" in answer["warning"]
    assert answer["stages"][0]["stage"] == "results/figures/figure"


def test_fingerprint_and_digests_are_targets_too(published):
    receipt = json.loads((published.folder / "results/receipts/figure.json").read_text())
    _, whole = published.answer("trace", PICTURE)
    for digits in (receipt["fingerprint"][:16], receipt["outputs"]["figure.png"]["sha256"], whole["receipt"]):
        code, answer = published.answer("trace", digits)
        assert code == 0 and answer["receipt"] == whole["receipt"]
    for place in ("results/receipts/figure.json", f"results/receipts/{whole['receipt']}.json"):
        code, answer = published.answer("trace", place)
        assert code == 0 and answer["receipt"] == whole["receipt"]
    assert published.answer("trace", "0123456789abcdef")[0] == 1
    assert published.say("trace", "results/tables/none.csv")[0] == 2


def test_what_is_wrong_with_a_file_is_said(paper, tmp_path):
    table, other = paper.folder / TABLE, paper.folder / MODEL / "weights.txt"
    good = table.read_text()
    table.write_text(good.replace("demo", "omed"))
    code, answer = paper.answer("trace", TABLE)
    assert code == 1 and "altered" in answer["warning"]
    swapped = (paper.folder / "results/store/demo/model/toy/other_1/weights.txt").read_bytes()
    other.write_bytes(swapped)
    code, answer = paper.answer("trace", f"{MODEL}/weights.txt")
    assert code == 1 and "put there instead" in answer["warning"]
    assert answer["stages"][0]["stage"].endswith("other_1"), "the tree is that of the bytes"
    (paper.folder / MODEL / "note.txt").write_text("mine")
    code, answer = paper.answer("trace", f"{MODEL}/note.txt")
    assert code == 1 and "did not make it" in answer["warning"]
    stray = tmp_path / "stray.png"
    stray.write_bytes(b"\x89PNG\r\n\x1a\n")
    code, answer = paper.answer("trace", str(stray))
    assert code == 1 and "no receipt here lists these bytes" in answer["problem"]


def test_a_lost_receipt_is_a_hole_and_a_kept_one_fills_it(paper):
    digest = json.loads((paper.folder / "results/receipts/table.json").read_text())["inputs"]["score_0"]["receipt"]
    shutil.rmtree(paper.folder / "results/store/demo/score/toy/face_0")
    code, answer = paper.answer("trace", TABLE)
    assert code == 0 and len(answer["stages"]) == 13, "kept by content"
    (paper.folder / f"results/receipts/{digest}.json").unlink()
    code, answer = paper.answer("trace", TABLE)
    assert code == 1 and [entry["path"] for entry in answer["lost"]] == ["results/store/demo/score/toy/face_0"]


def test_an_earlier_picture_is_still_traced(paper, tmp_path):
    shutil.copy(paper.folder / PICTURE, tmp_path / "old.png")
    paper.edit(OWN, "grey: 128", "grey: 99")
    paper.build("toy_figure")
    code, answer = paper.answer("trace", str(tmp_path / "old.png"))
    assert code == 0 and not answer["current"] and "earlier run" in answer["warning"]
    assert "now 99" in paper.say("trace", str(tmp_path / "old.png"))[1], "the parameter has another value since"


def test_one_number_leads_to_every_seed_behind_it(published):
    code, answer = published.answer("trace", TABLE, "--cell", "Ours, FACE, kffa")
    cell = answer["cell"]
    assert code == 0 and cell["agrees"] and cell["row"]["printed"] == "83.39"
    assert [one["seed"] for one in cell["seeds"]] == ["0", "1"]
    for seed, one in enumerate(cell["seeds"]):
        assert [node["stage"] for node in one["samples"]] == [f"results/store/demo/sample/toy/ours_{seed}"]
        assert [node["stage"] for node in one["models"]] == [f"results/store/demo/model/toy/ours_{seed}"]
        assert one["named"] == {"extractor_sha256": "results/store/demo/raw/cub/raw/0.txt"}
    assert cell["mean"] == pytest.approx(sum(one["value"] for one in cell["seeds"]) / 2)
    assert {gap["id"] for gap in answer["gaps"]} == {"G1", "G2"}
    assert not any("other" in stage for stage in answer["seeds"]), "another method's model is no part of this number"


def test_cell_takes_the_printed_name_and_names_the_nearest(published):
    _, answer = published.answer("trace", TABLE, "--cell", "other,FID")
    assert answer["cell"]["row"]["metric"] == "FD-demo"
    for cell, words in (("ours,face,KFAA", "ours,face,KFFA"), ("ours", "2 rows fit")):
        code, said = published.say("trace", TABLE, "--cell", cell)
        assert code == 2 and words in said, said
    assert "csv form" in published.say("trace", PICTURE, "--cell", "ours")[1]


def test_a_changed_number_disagrees_with_its_scores(paper):
    path = paper.folder / TABLE
    rows = path.read_text().splitlines()
    place = next(index for index, row in enumerate(rows) if row.startswith("ours,face,KFFA"))
    value = rows[place].split(",")[3]
    path.write_text("\n".join(rows).replace(f"KFFA,{value},,83.39", "KFFA,83.39,,83.39") + "\n")
    code, answer = paper.answer("trace", TABLE, "--cell", "ours,face,KFFA")
    assert code == 1 and not answer["cell"]["agrees"]
    assert "83.39" in paper.say("trace", TABLE, "--cell", "ours,face,KFFA")[1]


def test_depth_and_dot(published):
    _, answer = published.answer("trace", TABLE, "--depth", "1")
    assert {entry["verb"] for entry in answer["stages"]} == {"tabulate", "measure"}
    done = published.retrace("trace", TABLE, "--dot")
    assert done.returncode == 0 and done.stdout.count("[label=") == 13 + 17 and done.stdout.startswith("digraph")
    if shutil.which("dot"):
        assert subprocess.run(["dot", "-Tsvg"], input=done.stdout, capture_output=True, text=True).returncode == 0
