"""`retrace doctor`: every planted trouble is found, with a remedy that mends it."""

import base64
import contextlib
import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys

import pytest

from stages import graph
from tests.retrace.toy_paper import OWN

DEAD = 2**22 - 3  # above every process number of a usual system


def remedies(answer: dict, kind: str) -> list[str]:
    return [one["remedy"] for one in answer["findings"] if one["kind"] == kind]


@pytest.fixture
def healthy(paper):
    """A toy whose lock names packages that are installed."""
    from importlib.metadata import version

    paper.write("envs/core.lock", f"rich=={version('rich')} \\\n    --hash=sha256:aa\nnone==1 ; sys_platform == 'x'\n")
    return paper


def test_a_healthy_tree_has_nothing_to_mend(healthy):
    code, answer = healthy.answer("doctor")
    assert (code, answer["findings"]) == (0, [])
    notes = [one["what"] for one in answer["notes"]]
    assert any(note.startswith("all 1 packages") for note in notes) and any("1 needs" in note for note in notes)
    assert any("installed files are as they were installed" in note for note in notes)
    assert "nothing to mend" in healthy.say("doctor")[1]


def test_engines_locks_whose_engine_is_gone(healthy):
    locks, marks = healthy.folder / ".snakemake/locks", healthy.folder / ".snakemake/incomplete"
    for folder in (locks, marks, healthy.folder / ".dvc/tmp"):
        folder.mkdir(parents=True, exist_ok=True)
    (locks / "0.input.lock").write_text("x\n")
    (marks / base64.urlsafe_b64encode(b"results/tables/table.csv").decode()).write_text("")
    lock = {"results/x": {"write": {"pid": DEAD, "cmd": "dvc repro"}, "read": []}}
    (healthy.folder / ".dvc/tmp/rwlock").write_text(json.dumps(lock))
    code, answer = healthy.answer("doctor")
    assert code == 1
    assert remedies(answer, "incomplete") == ["snakemake --cores 8 --rerun-incomplete results/tables/table.csv"]
    assert [remedy.split("  ")[0] for remedy in remedies(answer, "lock")] == [
        "snakemake --unlock",
        "rm .dvc/tmp/rwlock",
    ]


def test_a_lock_file_that_dvc_was_killed_over_is_named(healthy):
    """DVC writes it in place, and refuses to start over half a file; a soak hit that moment."""
    path = healthy.folder / ".dvc/tmp/rwlock"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('{"results/x": {"write"')
    code, answer = healthy.answer("doctor")
    assert code == 1 and remedies(answer, "lock") == ["rm .dvc/tmp/rwlock"]


@pytest.mark.parametrize("left", ["", "sch", "stages: [", "stages: {}\n"])
def test_a_list_that_dvc_was_killed_over_is_named(healthy, left):
    (healthy.folder / "dvc.lock").write_text(left)
    code, answer = healthy.answer("doctor")
    assert code == 1 and remedies(answer, "lock") == ["rm dvc.lock && retrace adopt"]


def test_a_held_stage_lock_is_a_running_stage(healthy):
    place = healthy.folder / ".work/locks/results~store~demo~model~toy~ours_0.lock"
    with place.open("w") as handle:
        handle.write("4242\n")
        handle.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
        code, answer = healthy.answer("doctor")
    assert code == 0
    assert {
        "kind": "running",
        "what": "process 4242 is making results/store/demo/model/toy/ours_0",
        "remedy": "",
    } in answer["notes"]
    assert not any(one["kind"] == "running" for one in healthy.answer("doctor")[1]["notes"])


LIVE = "results/store/demo/model/toy/ours_0"


@contextlib.contextmanager
def running(paper, stage: str):
    """As a run that lives, here or on another machine that shares the folder: its lock is held."""
    with (paper.folder / ".work/locks" / f"{stage.replace('/', '~')}.lock").open("w") as handle:
        handle.write("4242\n")
        handle.flush()
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def test_no_remedy_removes_what_a_run_that_lives_needs(healthy):
    """Engines' locks, its temporary output, its saved state, the files that it puts in place before their receipt."""
    for name, text in ((".snakemake/locks/0.input.lock", "x"), (".snakemake/incomplete/eA==", ""),
                       (".dvc/tmp/rwlock", json.dumps({"x": {"write": {"pid": DEAD, "cmd": "dvc"}}}))):  # fmt: skip
        healthy.write(name, text)
    state = "0123456789abcdef"
    healthy.write(f".work/resume/{state}/state-1", "x")
    held = {"stage": LIVE, "pid": DEAD, "born": "1", "started": 1.0, "log": "", "resume": f".work/resume/{state}"}
    healthy.write(".work/running/a.json", json.dumps(held))
    (healthy.folder / f"results/store/demo/model/toy/.ours_0.{DEAD}.tmp").mkdir()
    (healthy.folder / "results/receipts/figure.json").unlink()
    with running(healthy, LIVE), running(healthy, "results/figures/figure"):
        code, answer = healthy.answer("doctor")
        assert (code, answer["findings"]) == (0, [])
        assert healthy.answer("status")[1]["running"][0]["alive"], "it lives where this machine sees no process"
    code, answer = healthy.answer("doctor")
    assert code == 1 and {one["kind"] for one in answer["findings"]} == {"lock", "incomplete", "publish", "state"}
    assert len(answer["findings"]) == 6 and not healthy.answer("status")[1]["running"][0]["alive"]


def test_dvc_s_lock_of_a_dead_and_a_living_process_is_left_to_dvc(healthy):
    users = {"a": {"write": {"pid": DEAD, "cmd": "dvc"}}, "b": {"read": [{"pid": os.getpid(), "cmd": "dvc"}]}}
    healthy.write(".dvc/tmp/rwlock", json.dumps(users))
    code, answer = healthy.answer("doctor")
    assert code == 0 and any("which lives: DVC clears it by itself" in one["what"] for one in answer["notes"])


@pytest.mark.parametrize("text", ["[]", "3", '{"a": 3}', '{"a": {"write": {"pid": "x"}}}', "[" * 10_000, ""])
def test_what_is_no_lock_file_of_dvc_s_is_named(healthy, text):
    healthy.write(".dvc/tmp/rwlock", text)
    code, answer = healthy.answer("doctor")
    assert code == 1 and remedies(answer, "lock") == ["rm .dvc/tmp/rwlock"]


def test_interrupted_publishes(healthy):
    """Killed before a rename, between two renames, and between the files and their receipt."""
    models = healthy.folder / "results/store/demo/model/toy"
    (models / f".ours_0.{DEAD}.tmp").mkdir()
    (models / "ours_1").rename(models / f".ours_1.{DEAD}.old")
    (models / f".other_0.{os.getpid()}.tmp").mkdir()
    (healthy.folder / "results/receipts/figure.json").unlink()
    code, answer = healthy.answer("doctor")
    found = remedies(answer, "publish")
    assert code == 1 and len(found) == 3, "that of a living process is none"
    for remedy in found:
        command = remedy.split("  ")[0]
        subprocess.run(shlex.split(command), cwd=healthy.folder, check=True)
    assert remedies(healthy.answer("doctor")[1], "publish") == []
    assert (models / "ours_1" / "weights.txt").is_file(), "the set-aside output is back in its place"
    _, answer = healthy.answer("explain", "toy_figure")
    assert [one["kind"] for one in answer["direct"]["toy_figure"]] == ["missing"]


def test_saved_states_are_kept_where_a_stage_goes_on_from_them(healthy):
    """The stage's fingerprint of today decides, not the log: a change of a parameter makes an orphan."""
    healthy.edit(OWN, "rate: 0.5 ", "rate: 0.75 ")
    done = subprocess.run(
        [sys.executable, "-m", "stages.retrace.doctor.planned", "toy_train@ours-0"], cwd=healthy.folder,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    planned = json.loads(done.stdout)["toy_train@ours-0"]["resume"]
    for name in (planned, "0123456789abcdef"):
        (healthy.folder / ".work/resume" / name).mkdir(parents=True)
        (healthy.folder / ".work/resume" / name / "state-000000000001").write_bytes(b"x")
    code, answer = healthy.answer("doctor")
    assert code == 1 and remedies(answer, "state") == ["rm -r .work/resume/0123456789abcdef"]
    kept = [one["what"] for one in answer["notes"] if one["kind"] == "state"]
    assert len(kept) == 1 and "toy_train@ours-0 goes on from it" in kept[0]
    healthy.edit(OWN, "rate: 0.75 ", "rate: 0.8 ")
    assert len(remedies(healthy.answer("doctor")[1], "state")) == 2


def test_planned_fingerprints_are_those_that_the_runner_writes(published):
    """For every stage: computed without running, equal to the receipt of the run."""
    names = [stage.name for stage in graph.load(published.folder)]
    done = subprocess.run(
        [sys.executable, "-m", "stages.retrace.doctor.planned", *names], cwd=published.folder,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    planned = json.loads(done.stdout)
    for stage in graph.load(published.folder):
        place = next(published.folder / out for out in stage.outs if out.endswith(".json")) if stage.final else (
            published.folder / stage.outs[0] / "receipt.json"
        )  # fmt: skip
        assert planned[stage.name]["fingerprint"] == json.loads(place.read_text())["fingerprint"], stage.name


def test_a_copy_without_git_is_named_until_dvc_is_told(healthy):
    """The remedy is one that works; an archive, whose settings say it, is healthy."""
    shutil.rmtree(healthy.folder / ".git")
    code, answer = healthy.answer("doctor")
    (remedy,) = remedies(answer, "optional")
    assert code == 1 and remedy == "dvc config --local core.no_scm true; or git init"
    (healthy.folder / ".dvc/config.local").write_text("[core]\n    no_scm = true\n")
    assert healthy.answer("doctor")[1]["findings"] == []


def test_environment_data_and_disk(healthy, monkeypatch):
    healthy.write("envs/core.lock", "rich==0.0.1\nnot-a-package==2\n")
    healthy.edit("params.yaml", "profile: demo\n", "profile: paper\n")
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 3 * 2**20})())
    code, answer = healthy.answer("doctor")
    assert code == 1
    assert remedies(answer, "environment") == ["rm -f .venv/synced; make setup"]
    what = {one["kind"]: one["what"] for one in answer["findings"]}
    assert "rich ==0.0.1, found" in what["environment"] and "not-a-package ==2, found none" in what["environment"]
    assert "missing in data/cub" in what["user data"] and "bounding_boxes.txt" in what["user data"]
    assert "declare 20 MB" in what["disk"] and remedies(answer, "disk") == ["free 17 MB, or build fewer targets"]
