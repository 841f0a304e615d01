"""The crate answers the profile's eleven competency questions; a planted fault in the project changes each answer."""

import contextlib
import copy
import hashlib
import json
import shutil

import pytest

from stages.retrace.crate.command import Draft
from tests.retrace.questions import COMPLETED, Crate
from tests.retrace.toy_paper import OWN, ToyPaper

MODEL = "results/store/demo/model/toy/ours_1/"
SCORE = "results/store/demo/score/toy/face_0/"
LOG = ".work/runs/results~store~demo~model~toy~ours_1.jsonl"


def crate(paper: ToyPaper) -> Crate:
    with contextlib.chdir(paper.folder):
        return Crate(Draft().graph.document())


def receipt(paper: ToyPaper, made: str) -> dict:
    return json.loads((paper.folder / made / "receipt.json").read_bytes())


def log(paper: ToyPaper) -> dict:
    return json.loads((paper.folder / LOG).read_text())


@pytest.fixture(scope="module")
def whole(published) -> Crate:
    return crate(published)


def test_cq1_no_container_image_but_the_lock(whole):
    assert whole.cq1(MODEL) == ([], ["envs/core.lock"])


def test_cq2_memory_processor_and_disk(whole, published):
    told, made = log(published), receipt(published, MODEL)["outputs"]
    assert whole.cq2(MODEL) == {
        "peak memory": ("MebiBYTE", told["peak_memory_mb"]), "CPU time": ("SEC", told["cpu_seconds"]),
        "wall time": ("SEC", told["seconds"]), "bytes of outputs": ("BYTE", made["weights.txt"]["size"]),
    }  # fmt: skip
    assert told["peak_memory_mb"] > 5


def test_cq3_configuration_files(whole):
    assert whole.cq3(MODEL) == [OWN]


def test_cq4_environment_file(whole, published):
    (lock,) = whole.cq4(MODEL)
    bytes_of = (published.folder / "envs/core.lock").read_bytes()
    assert whole.value(lock, "sha256") == hashlib.sha256(bytes_of).hexdigest()


def test_cq5_time_of_a_component(whole, published):
    assert whole.cq5(MODEL) == pytest.approx(log(published)["seconds"], abs=0.0011)


def test_cq6_time_of_the_workflow(whole, published):
    logs = [json.loads(file.read_text()) for file in (published.folder / ".work/runs").glob("*.jsonl")]
    assert whole.cq6() >= sum(one["seconds"] for one in logs) - len(logs)  # starts are logged in whole seconds
    assert min(one["started"] for one in logs) == whole.value(whole.run, "startTime")[:19] + "Z"


def test_cq7_success(whole):
    assert whole.cq7() == (COMPLETED, [])


def test_cq8_inputs_and_outputs_of_the_whole(whole):
    read, made = whole.cq8()
    assert read == ["stages/cards/cub.yaml", "stages/papers/toy/reported.csv"]
    assert made == ["results/figures/figure.pdf", "results/figures/figure.png", "results/tables/table.csv"]


def test_cq9_version_of_the_code(whole, published):
    code = receipt(published, MODEL)["code"]
    assert whole.cq9(MODEL) == hashlib.sha256(json.dumps(code, sort_keys=True).encode()).hexdigest()
    assert whole.cq9(MODEL) == whole.cq9(MODEL.replace("1/", "0/")) != whole.cq9(SCORE)


def test_cq10_script_and_what_it_needs(whole, published):
    script, version, needs = whole.cq10(MODEL)
    code = receipt(published, MODEL)["code"]
    assert (script, version, needs) == ("stages/train.py", code["stages/train.py"], sorted(code))
    assert "stages/toy_loss.py" in needs and "stages/sample.py" not in needs


def test_cq11_parameters_of_the_workflow_in_a_tool(whole):
    assert whole.cq11(MODEL) == {
        "toy.train.base.rate": ("rate", 0.5), "toy.train.base.width": ("width", 4),
        "toy.train.profile.demo.steps": ("steps", 2),
    }  # fmt: skip
    assert whole.cq11(SCORE) == {"toy.measure.profile.demo.profile": ("profile", "demo")}


# --- one fault for each question: the answer is then another one, or there is none -----------------------------------


def action(whole: Crate, made: str = MODEL) -> str:
    return whole.tool_runs()[made]


FAULTS = {
    "cq1": lambda one: one.entities[action(one)].update(containerImage={"@id": "params.yaml"}),
    "cq2": lambda one: one.entities[f"{action(one)}/peak_memory_mb"].update(value=1),
    "cq3": lambda one: drop(one, action(one), "object", OWN),
    "cq4": lambda one: one.entities[one.step_of(MODEL)].update(buildInstructions={"@id": "README.md"}),
    "cq5": lambda one: one.entities[action(one)].update(endTime="2100-01-01T00:00:00.000+00:00"),
    "cq6": lambda one: one.entities[one.run].pop("startTime"),
    "cq7": lambda one: one.entities[action(one)].update(actionStatus="http://schema.org/FailedActionStatus"),
    "cq8": lambda one: drop(one, one.run, "result", "results/tables/table.csv"),
    "cq9": lambda one: one.entities[tool(one)].update(softwareVersion="0.1.0"),
    "cq10": lambda one: drop(one, tool(one), "softwareRequirements", "stages/toy_loss.py"),
    "cq11": lambda one: drop(one, one.step_of(MODEL), "connection", connection(one, "rate")),
}


def tool(whole: Crate) -> str:
    return whole.follow(action(whole), "instrument")[0]


def connection(whole: Crate, name: str) -> str:
    ends = {one: whole.follow(one, "targetParameter")[0] for one in whole.follow(whole.step_of(MODEL), "connection")}
    return next(one for one, end in ends.items() if whole.value(end, "name") == name)


def drop(whole: Crate, key: str, name: str, target: str) -> None:
    left = [one for one in whole.entities[key][name] if one["@id"] != target]
    assert len(left) == len(whole.entities[key][name]) - 1
    whole.entities[key][name] = left


def answer(one: Crate, question: str):
    ask = getattr(one, question)
    try:
        return ask() if question in ("cq6", "cq7", "cq8") else ask(MODEL)
    except (KeyError, AssertionError) as error:
        return error


@pytest.mark.parametrize("question", FAULTS)
def test_a_planted_fault_changes_the_answer(question, whole):
    altered = Crate(copy.deepcopy({"@graph": list(whole.entities.values())}))
    assert answer(altered, question) == answer(whole, question)
    FAULTS[question](altered)
    assert answer(altered, question) != answer(whole, question)


# --- what is not known is not said ------------------------------------------------------------------------------------


def test_changed_settings_are_no_configuration_of_an_earlier_run(paper):
    paper.edit(OWN, "rate: 0.5", "rate: 0.25")
    now = crate(paper)
    assert now.cq3(MODEL) == [] and now.cq3(SCORE) == [OWN]
    assert now.cq11(MODEL)["toy.train.base.rate"] == ("rate", 0.5)


def test_failed_runs_are_kept_and_tell_no_more_than_their_code(paper):
    done = log(paper)
    failed = {**done, "exit": 70, "failure": "/home/somebody/x: nan in loss", "started": "2000-01-01T00:00:00Z"}
    (paper.folder / LOG).write_text("".join(json.dumps(one) + "\n" for one in (failed, done)) + '{"cut')
    now = crate(paper)
    assert now.cq7() == (COMPLETED, [(f"Failed run of {MODEL[:-1]}", "exit code 70")])
    assert now.cq5(MODEL) == pytest.approx(done["seconds"], abs=0.0011)
    assert "somebody" not in json.dumps(now.entities)


def test_without_a_log_there_are_no_times_but_outcomes(paper):
    shutil.rmtree(paper.folder / ".work/runs")
    now = crate(paper)
    assert set(now.cq2(MODEL)) == {"bytes of outputs"} and "startTime" not in now.entities[now.run]
    assert now.cq7() == (COMPLETED, []) and not now.of("OrganizeAction")
    assert len(now.value("./", "datePublished")) == len("2000-01-01")
