"""Model cards and descriptions of data: one text in report and crate, true to the receipts, honest about data."""

import contextlib
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages import graph
from stages.retrace.crate import check
from stages.retrace.crate.command import Draft
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.evidence.held import Held
from stages.retrace.evidence.receipts import Receipt, Shelf
from stages.retrace.record import croissant, works
from stages.retrace.record.model_card import ModelCard
from stages.retrace.record.scope import Scope, Score, Weights, stamp
from tests.retrace.pages import Report
from tests.retrace.test_report import write

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".work/crate/bin/python"
MODEL = "results/store/demo/model/toy/ours_0"
CARD = "records/demo/model/toy/ours_0.md"
TASKS = {"image-to-image", "image-segmentation", "unconditional-image-generation"}
needs_libraries = pytest.mark.skipif(
    not (ROOT / ".work/crate/synced").is_file(), reason="mlcroissant is not in .work/crate: make crate-env"
)


def front_of(text: str) -> dict[str, Any]:
    _, front, _ = text.split("---\n", 2)
    return yaml.safe_load(front)


def scope_of(folder: Path) -> Scope:
    with contextlib.chdir(folder):
        shelf = Shelf()
        return Scope(list(shelf.current.values()), shelf, Held())


def made_up(verb: str, stage: str, outputs: dict[str, bytes], params: dict[str, Any]) -> Receipt:
    """A receipt whose files lie where it says, in the current folder."""
    for name, content in outputs.items():
        place = Path(stage, name)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    listed = {name: {"sha256": hashlib.sha256(raw).hexdigest(), "size": len(raw)} for name, raw in outputs.items()}
    content = {
        "stage": stage, "verb": verb, "outputs": listed, "params": params, "inputs": {}, "command": [verb], "gaps": [],
        "code": {}, "code_digest": "c" * 64, "device": "cpu", "fingerprint": "f" * 64, "layers": [],
        "environment": {"lock": "envs/core.lock", "sha256": "e" * 64}, "packages": {"others": {}, "altered": []},
    }  # fmt: skip
    return Receipt("d" * 64, Path(stage, "receipt.json"), content)


@pytest.fixture(scope="module")
def stages() -> tuple[graph.Stage, ...]:
    return graph.load(ROOT)


@pytest.fixture
def alone(tmp_path, monkeypatch) -> Path:
    """An empty folder with the project's cards, citation and notice."""
    monkeypatch.chdir(tmp_path)
    for name in ("stages", "CITATION.cff", "NOTICE"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


class Users(Scope):
    """A scope in which everything rests on the user's faces and on a file of weights."""

    def sources(self, node):
        from stages.retrace.record.scope import Source

        return [Source(self._cards["stages/cards/celebamask_hq.yaml"], node, True)]

    def weights(self, node):
        return [Weights("arcface.pth of results/store/lite/teacher/face", "a" * 64)]


def test_report_and_crate_write_the_same(published, tmp_path):
    write(published, tmp_path / "report")
    (tmp_path / "crate").mkdir()
    old_text.cache_clear()
    with contextlib.chdir(published.folder):
        Draft().write(tmp_path / "crate")
    theirs = {name: raw for name, raw in Report(tmp_path / "report").raw.items() if name.startswith("records/")}
    ours = {f"records/{path.relative_to(tmp_path / 'crate/records').as_posix()}": path.read_bytes()
            for path in (tmp_path / "crate/records").rglob("*") if path.is_file()}  # fmt: skip
    assert theirs == ours and len(ours) == 4, "a card for each of the toy's trainings"
    metadata = json.loads((tmp_path / "crate/ro-crate-metadata.json").read_bytes())
    about = {entity["@id"]: entity.get("about") for entity in metadata["@graph"]}
    assert about[CARD] == {"@id": f"{MODEL}/"}


def test_a_card_says_what_the_receipts_say(published):
    scope = scope_of(published.folder)
    with contextlib.chdir(published.folder):
        node = scope.shelf.current[MODEL]
        card = ModelCard(node, scope)
        text, front = card.text, front_of(card.text)
    said = node.content
    for word in (node.digest, node.fingerprint, said["code_digest"], said["environment"]["sha256"],
                 "\nrate: 0.5\nsteps: 2\n", "`ours`", said["outputs"]["weights.txt"]["sha256"],
                 said["inputs"]["data"]["sha256"], "silent: G1"):  # fmt: skip
        assert word in text, word
    assert "**Profile demo: no evidence about the papers.**" in text and "drawn pictures alone" in text
    assert {"profile-demo", "no-evidence-about-the-paper", "toy", "ours"} <= set(front["tags"])
    assert front["datasets"] == ["drawn-cub"] and front["metrics"] == ["FD-demo", "KFFA"]
    score = json.loads((published.folder / "results/store/demo/score/toy/face_0/score.json").read_bytes())
    ours = {one["metric"]: f"{one['value']:.6g}" for one in score["values"] if one["method"] == "ours"}
    assert len(ours) == 2 and all(f"| {value} |" in text for value in ours.values())
    assert "other" not in text.partition("## Measures")[2].partition("## Loading")[0]


def test_a_number_that_was_altered_stands_on_no_card(paper):
    score = paper.folder / "results/store/demo/score/toy/face_0/score.json"
    score.write_text(score.read_text().replace('"value": ', '"value": 1'))
    scope = scope_of(paper.folder)
    with contextlib.chdir(paper.folder):
        text = ModelCard(scope.shelf.current[MODEL], scope).text
    assert "its file is not here as its receipt lists it" in text and "KFFA" not in text


def test_numbers_of_several_models_are_nobodys_without_a_name(published, monkeypatch):
    scope = scope_of(published.folder)
    with contextlib.chdir(published.folder):
        model = scope.shelf.current[MODEL]
        named = scope.scores(model)
        assert [one["method"] for one in named[0].values] == ["ours", "ours"] and not named[0].why
        (node, names), *_ = scope._measured[model.digest]
        assert names == ("sample_ours",)
        monkeypatch.setitem(scope.__dict__, "_measured", {model.digest: [(node, ("first",))]})
        assert scope.scores(model) == [
            Score(node, (), "its numbers are of several models, and none bears the name of this one's input")
        ]


def test_what_rests_on_the_users_data_bears_their_terms(alone):
    shelf = Shelf()
    node = made_up("train", "results/store/lite/model/contrasfill/full_face_0", {"weights.safetensors": b"x"}, {})
    node.content["command"] += ["--paper", "contrasfill", "--method", "contrasfill", "--seed", "3"]
    card = ModelCard(node, Users([], shelf, Held()))
    front, text = front_of(card.text), card.text
    assert front["license"] == "other" and front["license_name"] == "licenseref-celebamask-hq"
    assert front["license_link"] == "https://github.com/switchablenorms/CelebAMask-HQ"
    assert front["datasets"] == ["celebamask_hq"] and front["pipeline_tag"] == "image-to-image"
    for word in ("non-commercial research and education only", "may not be passed on", "Faces of public figures",
                 "a" * 64, "arcface.pth", "no evidence about the papers", "US 2023/0342884", "Yuheng Li",
                 'load_file("weights.safetensors")', "retrace use results/store/lite/model/contrasfill/full_face_0",
                 "stages.papers.contrasfill.methods.contrasfill.method"):  # fmt: skip
        assert word in text, word
    assert "drawn pictures alone" not in text


def test_the_notice_is_that_of_the_methods_paper_alone(alone):
    assert any("US 2023/0342884" in one for one in works.notices("contrasfill"))
    assert not works.notices("monce") and not works.notices("") and not works.notices("contra")


def test_only_the_papers_profile_is_evidence():
    assert stamp("paper") == "Profile paper."
    assert all("no evidence" in stamp(one) for one in ("smoke", "demo", "lite"))


@pytest.mark.parametrize("paper", sorted(path.parent.name for path in (ROOT / "stages/papers").glob("*/graph.yaml")))
def test_the_task_of_every_method_is_written_down(paper, stages, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = [stage.cmd.split() for stage in stages if f"--paper {paper} " in stage.cmd]
    methods = {line[line.index("--method") + 1] for line in words if "stages.train" in line}
    said = works.said(paper)
    assert said and methods and methods <= said.tasks.keys() and set(said.tasks.values()) <= TASKS


# --- data -------------------------------------------------------------------------------------------------------------


def prepared(profile: str = "demo") -> Receipt:
    """A little set whose index has columns of several kinds."""
    import io

    import pyarrow as pa
    from pyarrow import parquet

    stream = io.BytesIO()
    columns = {
        "key": ["a", "b"],
        "width": [3, 4],
        "share": [0.5, 0.25],
        "kept": [True, False],
        "points": [[1.0], [2.0]],
    }
    parquet.write_table(pa.table(columns), stream)
    facts = json.dumps({"counts": {"kept": 2, "rejected": 1}}).encode()
    files = {"index.parquet": stream.getvalue(), "images.npy": b"npy", "card.json": facts}
    return made_up("prepare", f"results/store/{profile}/data/faces", files, {"size_px": 32})


def test_a_description_names_files_columns_licence_and_people(alone):
    node = prepared("lite")
    told = croissant.description(node, Users([], Shelf(), Held()))
    files = {one["name"]: one["sha256"] for one in told["distribution"]}
    assert files == {name: entry["sha256"] for name, entry in node.content["outputs"].items()}
    fields = {one["name"]: one["dataType"] for one in told["recordSet"][0]["field"]}
    assert fields == {"key": "sc:Text", "width": "sc:Integer", "share": "sc:Float", "kept": "sc:Boolean"}
    assert "non-commercial" in told["license"][0] and "public figures" in told["rai:personalSensitiveInformation"][0]
    assert told["url"] == "https://github.com/switchablenorms/CelebAMask-HQ" and "creator" not in told
    for word in ("2 were kept, 1 rejected", "May not be passed on", "no evidence about the papers", node.digest):
        assert word in told["description"], word
    assert "datePublished" not in told and "version" not in told, "a receipt holds neither"


def test_drawn_data_have_the_projects_licence_and_no_page(published, alone):
    scope = scope_of(published.folder)
    with contextlib.chdir(published.folder):
        drawn = scope.sources(scope.shelf.current[MODEL])
    assert [one.is_users for one in drawn] == [False]
    scope.sources = lambda node: drawn  # pyright: ignore[reportAttributeAccessIssue]
    told = croissant.description(prepared(), scope)
    assert told["license"] == ["https://spdx.org/licenses/MIT"] and "url" not in told
    assert "it holds none of that data" in told["description"]


def test_an_altered_index_has_no_columns(alone):
    node = prepared()
    Path(node.stage, "index.parquet").write_bytes(b"other")
    assert "recordSet" not in croissant.description(node, Users([], Shelf(), Held()))


# --- with the public libraries ----------------------------------------------------------------------------------------


def judged(folder: Path) -> list[str]:
    words = f"import sys, json; sys.path.insert(0, {str(Path(check.__file__).parent)!r}); import check, pathlib"
    asked = f"{words}; print(json.dumps(check.records(pathlib.Path({str(folder)!r}))))"
    done = subprocess.run([str(PYTHON), "-P", "-c", asked], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@needs_libraries
def test_the_libraries_accept_the_records_and_refuse_breaks(alone, published):
    scope = scope_of(published.folder)
    with contextlib.chdir(published.folder):
        card = ModelCard(scope.shelf.current[MODEL], scope)
        card.said = works.Said(use="x", limits=(), tasks={"ours": "image-to-image"})
        text = card.text
    assert len(front_of(text)["model-index"][0]["results"][0]["metrics"]) == 2
    data = croissant.description(prepared("lite"), Users([], Shelf(), Held()))
    records = Path("records")
    records.mkdir()
    (records / "good.md").write_text(text)
    (records / "good.croissant.json").write_bytes(croissant.encode(data))
    assert judged(records) == []
    (records / "no_licence.md").write_text(text.replace("license: ", "licence: "))
    (records / "no_value.md").write_text(text.replace("      value: ", "      worth: "))
    del data["name"]
    data["distribution"][0].pop("contentUrl")
    (records / "bad.croissant.json").write_bytes(croissant.encode(data))
    found = "\n".join(judged(records))
    assert "no_licence.md: its front matter has no license" in found and "no_value.md" in found
    assert "bad.croissant.json" in found and "good" not in found


@needs_libraries
def test_the_records_can_be_read_through_the_description(alone):
    node = prepared()
    place = Path(node.stage, "described.json")
    place.write_bytes(croissant.encode(croissant.description(node, Users([], Shelf(), Held()))))
    asked = (
        f"import mlcroissant as m; print([r['index/width'] for r in m.Dataset(jsonld={str(place)!r}).records('index')])"
    )
    done = subprocess.run([str(PYTHON), "-P", "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[3, 4]"
