"""`retrace crate`: the bytes of a crate, what it refuses, and what the validator and other readers say of it."""

import contextlib
import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest

from stages.retrace.crate import data as crate_data
from stages.retrace.crate.command import Draft, judge
from stages.retrace.crate.graph import METADATA, Graph, encode
from stages.retrace.crate.payload import Payload
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.evidence.receipts import Shelf
from tests.retrace.questions import Crate
from tests.retrace.toy_paper import ToyPaper

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".work/crate"
TABLE = "results/tables/table.csv"
needs_validator = pytest.mark.skipif(
    not (ENVIRONMENT / "synced").is_file(), reason="roc-validator is not in .work/crate: make crate-env"
)


def write(paper: ToyPaper, out: Path, prov: bool = True) -> Draft:
    out.mkdir(parents=True)
    old_text.cache_clear()
    with contextlib.chdir(paper.folder):
        draft = Draft()
        if prov:
            draft.add_prov()
        draft.write(out)
    return draft


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def equipped(paper) -> ToyPaper:
    """A toy paper that has the validator."""
    (paper.folder / ".work/crate").symlink_to(ENVIRONMENT)
    return paper


def test_equal_trees_give_equal_bytes_wherever_they_lie(published, paper, tmp_path):
    write(published, tmp_path / "one")
    write(paper, tmp_path / "other")
    assert files(tmp_path / "one") == files(tmp_path / "other")


def test_it_holds_small_files_and_names_heavy_ones_by_digest(published, tmp_path):
    write(published, tmp_path / "out")
    held = files(tmp_path / "out")
    assert held[TABLE] == (published.folder / TABLE).read_bytes()
    assert {"dvc.yaml", "params.yaml", "Snakefile", "envs/core.lock", "stages/train.py", "prov.json"} < held.keys()
    store = {name for name in held if name.startswith("results/store")}
    assert store and all(name.endswith("/receipt.json") for name in store)
    crate = Crate(json.loads(held[METADATA]))
    (listing,) = crate.follow("results/store/demo/model/toy/ours_1/", "identifier")
    receipt = json.loads(held["results/store/demo/sample/toy/ours_1/receipt.json"])
    assert crate.value(listing, "value") == receipt["inputs"]["model"]["sha256"]


def test_every_file_has_its_sha256_and_every_link_leads_somewhere(published, tmp_path):
    import hashlib

    write(published, tmp_path / "out")
    held = files(tmp_path / "out")
    crate = Crate(json.loads(held[METADATA]))
    named = {key: crate.value(key, "sha256") for key in crate.of("File")}
    assert named == {name: hashlib.sha256(text).hexdigest() for name, text in held.items() if name != METADATA}
    for key, entity in crate.entities.items():
        for name in entity if key != METADATA else ("about",):
            crate.follow(key, name)


def test_it_names_no_person_machine_or_folder(published, tmp_path):
    write(published, tmp_path / "out")
    text = b"".join(files(tmp_path / "out").values()).decode(errors="replace")
    names = {str(published.folder), str(tmp_path), str(ROOT), str(Path.home()) + "/", os.uname().nodename}
    assert not [name for name in names if name in text]


def test_an_edited_stage_leaves_the_code_that_ran(paper, tmp_path):
    old = (paper.folder / "stages/toy_loss.py").read_bytes()
    paper.edit("stages/toy_loss.py", "2 * rate", "3 * rate")
    write(paper, tmp_path / "out")
    (kept,) = [name for name in files(tmp_path / "out") if name.endswith("toy_loss.py")]
    assert kept.startswith("earlier/") and (tmp_path / "out" / kept).read_bytes() == old


def test_code_that_is_lost_is_named_by_its_digest(paper, tmp_path):
    shutil.rmtree(paper.folder / ".git")
    paper.edit("stages/toy_loss.py", "2 * rate", "3 * rate")
    draft = write(paper, tmp_path / "out")
    assert draft.payload.lost == ["stages/toy_loss.py"]
    crate = Crate(json.loads((tmp_path / "out" / METADATA).read_bytes()))
    (lost,) = (key for key in crate.entities if key.startswith("#lost/"))
    assert crate.value(lost, "sha256") == lost.rpartition("/")[2] and not crate.is_a(lost, "File")


def test_licences_of_the_users_data(published, monkeypatch):
    """The raw data's receipt, once as it is (drawn) and once as if the user had brought the files."""
    monkeypatch.chdir(published.folder)
    drawn = Shelf().current["results/store/demo/raw/cub"]
    user = dataclasses.replace(
        drawn, content={**drawn.content, "params": {**drawn.content["params"], "supply": "user"}}
    )
    told = {}
    for node, name in ((drawn, "drawn"), (user, "user")):
        graph, shelf = Graph(), Shelf()
        restricted = crate_data.describe(graph, shelf, Payload(graph, shelf), [node], "")
        told[name] = (graph, restricted)
    graph, restricted = told["user"]
    (licence,), (source,) = (graph.linked("results/store/demo/raw/cub/", name) for name in ("license", "isBasedOn"))
    assert graph[licence]["name"] == "LicenseRef-CUB-200-2011" and "non-commercial" in graph[licence]["description"]
    assert graph.linked(source, "subjectOf") == ["stages/cards/cub.yaml"] and restricted == ["cub"]
    graph, restricted = told["drawn"]
    assert not graph.linked("results/store/demo/raw/cub/", "isBasedOn") and restricted == []


def test_prov_is_the_same_provenance(published):
    with contextlib.chdir(published.folder):
        draft = Draft()
        draft.add_prov()
    prov, crate = json.loads(draft.payload.sources["prov.json"]), Crate(draft.graph.document())
    runs = {one for one in crate.of("CreateAction") if one != crate.run}
    assert prov["activity"].keys() == {f"retrace:{one[1:]}" for one in runs}
    used = {(one["prov:activity"], one["prov:entity"]) for one in prov["used"].values()}
    assert used == {
        (f"retrace:{one[1:]}", f"retrace:{key.removeprefix('#')}")
        for one in runs
        for key in crate.follow(one, "object")
    }
    made = {one["prov:entity"]: one["prov:activity"] for one in prov["wasGeneratedBy"].values()}
    for relation in prov["wasInformedBy"].values():
        assert any(
            made.get(entity) == relation["prov:informant"] for by, entity in used if by == relation["prov:informed"]
        )
    table = f"retrace:{TABLE}"
    assert prov["entity"][table]["retrace:sha256"] == crate.value(TABLE, "sha256")
    named = {*prov["activity"], *prov["entity"], *prov["agent"]}
    ends = ("prov:activity", "prov:entity", "prov:agent", "prov:plan")
    relations = [one for held in prov.values() for one in held.values() if isinstance(one, dict)]
    assert all(one[end] in named for one in relations for end in ends if end in one)


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_without_the_validator_the_remedy_is_named(paper, tmp_path):
    assert paper.say("crate", str(tmp_path / "out")) == (
        3, "expected roc-validator in .work/crate; make crate-env\n",
    )  # fmt: skip
    assert not (tmp_path / "out").exists()


def test_an_altered_table_is_not_packed(equipped, tmp_path):
    (equipped.folder / TABLE).write_text("ours,face\n")
    code, answer = equipped.answer("crate", str(tmp_path / "out"))
    assert code == 1 and answer["problems"] == [f"{TABLE} has other bytes than results/receipts/table.json says"]
    assert not (tmp_path / "out").exists()


def test_a_lost_receipt_is_named(paper):
    shutil.rmtree(paper.folder / "results/store/demo/raw/cub")
    for kept in (paper.folder / "results/receipts").glob("*.json"):
        if len(kept.stem) == 64 and b'"render"' in kept.read_bytes():
            kept.unlink()
    with contextlib.chdir(paper.folder):
        (problem,) = Draft().problems
    assert problem.startswith("results/store/demo/raw/cub: its receipt ")


@pytest.mark.parametrize("out", ["results/crate", "stages"])
def test_folders_in_use_are_refused(equipped, out):
    code, said = equipped.say("crate", str(equipped.folder / out))
    assert code == 2 and "choose another folder" in said


def test_nothing_built(equipped, tmp_path):
    shutil.rmtree(equipped.folder / "results")
    code, said = equipped.say("crate", str(tmp_path / "out"))
    assert code == 3 and "found no receipt" in said


# --- with the validator -----------------------------------------------------------------------------------------------


@needs_validator
def test_the_validator_accepts_it_and_a_second_run_replaces_it(equipped, tmp_path):
    out = tmp_path / "my crate"
    code, answer = equipped.answer("crate", str(out), "--prov")
    assert (code, answer["problems"]) == (0, []) and answer["checks"] > 60
    first = files(out)
    # What a run leaves that was stopped between its two renames.
    out.rename(tmp_path / ".my crate.old")
    (tmp_path / ".my crate.new").mkdir()
    assert equipped.answer("crate", str(out), "--prov")[0] == 0
    assert files(out) == first and [path.name for path in tmp_path.iterdir() if "crate" in path.name] == ["my crate"]


BREAKS = {
    "no workflow": lambda one: one["./"].pop("mainEntity"),
    "no licence": lambda one: one["./"].pop("license"),
    "a step without a tool": lambda one: next(e for k, e in one.items() if k.startswith("#step/")).pop("workExample"),
    "a file that is not there": lambda one: one["./"]["hasPart"].append({"@id": "params.yml"}) or one.update(
        {"params.yml": {"@id": "params.yml", "@type": "File", "name": "x"}}),
    "an unknown word": lambda one: one["dvc.yaml"].update(colour="green"),
}  # fmt: skip


@needs_validator
def test_the_validator_finds_planted_breaks(published, tmp_path, monkeypatch):
    """All in one crate, for the validator takes seconds to start; each is among the issues."""
    write(published, tmp_path / "out", prov=False)
    document = json.loads((tmp_path / "out" / METADATA).read_bytes())
    entities = {entity["@id"]: entity for entity in document["@graph"]}
    for plant in BREAKS.values():
        plant(entities)
    document["@graph"] = list(entities.values())
    (tmp_path / "out" / METADATA).write_bytes(encode(document))
    monkeypatch.chdir(ROOT)
    issues = "\n".join(judge(tmp_path / "out")["issues"])
    for word in ("mainEntity", "license", "workExample", "params.yml", "colour"):
        assert word in issues, issues


@needs_validator
def test_the_validator_never_asks_the_web(equipped, tmp_path, monkeypatch):
    """Without the documents that stand in for the web it cannot judge, and says so."""
    (equipped.folder / ".work/crate").unlink()
    (equipped.folder / ".work/crate").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (equipped.folder / ".work/crate" / name).symlink_to(ENVIRONMENT / name)
    (equipped.folder / ".work/crate/contexts").mkdir()
    write(equipped, tmp_path / "out", prov=False)
    monkeypatch.chdir(equipped.folder)
    with pytest.raises(ModuleNotFoundError, match=r"cache.*; make crate-env"):
        judge(tmp_path / "out")
