"""The runner: parameters, exit codes, complete outputs or none, locks, signals, receipts."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from stages.runner import layers, lease
from stages.runner.exits import StageFailure
from stages.runner.receipt import verify_output
from tests.house.toy_project import ToyProject

OUT = Path("results/store/demo/toy/a")


@pytest.fixture
def project(tmp_path) -> ToyProject:
    return ToyProject(tmp_path / "a project é")


def wait_for(path: Path, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never appeared"
        time.sleep(0.02)


def dead(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_stage_publishes_output_and_receipt(project):
    done = project.run()
    assert done.returncode == 0, done.stderr
    out = project.folder / OUT
    assert sorted(path.name for path in out.iterdir()) == ["number.txt", "receipt.json"]
    content = json.loads((out / "receipt.json").read_text())
    assert content["params"] == {"number": 3, "rate": 1e-4, "words": ["a", "b"], "wait_s": 0.0, "ending": "good"}
    assert content["gaps"] == ["G7", "G12"]
    assert "stages/toy.py" in content["code"] and "stages/runner/main.py" in content["code"]
    assert content["outputs"]["number.txt"]["size"] == 2
    text = (out / "receipt.json").read_text()
    assert str(project.folder) not in text and os.uname().nodename not in text
    assert [p.name for p in out.parent.iterdir()] == ["a"], "no temporary folder may stay"


def test_receipt_is_the_same_bytes_in_another_folder(project, tmp_path):
    other = ToyProject(tmp_path / "other")
    project.run()
    other.run()
    assert (project.folder / OUT / "receipt.json").read_bytes() == (other.folder / OUT / "receipt.json").read_bytes()


def test_receipt_is_kept_by_content_and_indexed(project):
    project.run()
    first = (project.folder / OUT / "receipt.json").read_bytes()
    project.run("four")
    kept = project.folder / "results/receipts"
    assert len(list(kept.glob("*.json"))) == 2
    assert any(path.read_bytes() == first for path in kept.glob("*.json")), "an old receipt is never lost"
    current = (kept / "current" / OUT.as_posix().replace("/", "~")).read_text().strip()
    assert (kept / f"{current}.json").read_bytes() == (project.folder / OUT / "receipt.json").read_bytes()


@pytest.mark.parametrize("change", ["code", "lock", "params", "input"])
def test_fingerprint_moves_with_each_part(project, change):
    source = project.folder / "source.txt"
    source.write_text("one\n")
    extra = ("--in", "source=source.txt")
    project.run(extra=extra)
    before = json.loads((project.folder / OUT / "receipt.json").read_text())["fingerprint"]
    if change == "code":
        with (project.folder / "stages/toy.py").open("a") as stream:
            stream.write("# a comment\n")
    elif change == "lock":
        (project.folder / "envs/core.lock").write_text("six==1.17.0\n")
    elif change == "params":
        project.set("rate", "2.0e-4")
    else:
        source.write_text("two\n")
    project.run(extra=extra)
    assert json.loads((project.folder / OUT / "receipt.json").read_text())["fingerprint"] != before


def test_threads_and_gpus_leave_the_fingerprint_alone(project):
    project.run()
    before = (project.folder / OUT / "receipt.json").read_bytes()
    project.run(extra=("--gpu", "1"))
    assert (project.folder / OUT / "receipt.json").read_bytes() == before


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ("typo", ["nubmer", "'number'"]),
        ("text", ["number", "found '4'"]),
        ("numeric", ["rate", "1.0e-4"]),
        ("dmeo", ["'toy.profile.demo'"]),
    ],
)
def test_bad_params_are_refused_by_name(project, layer, words):
    done = project.run(layer)
    assert done.returncode == 78
    for word in words:
        assert word in done.stderr
    assert not (project.folder / OUT).exists()


def test_missing_and_unused_keys_are_refused_by_name(project):
    original = (project.folder / "params.yaml").read_text()
    project.set("number", "3\n    colour: red")
    done = project.run()
    assert done.returncode == 78 and "colour: no stage reads this key" in done.stderr
    (project.folder / "params.yaml").write_text(original.replace("    number: 3", "    numer: 3"))
    done = project.run()
    assert done.returncode == 78 and "number: missing; found 'numer' instead" in done.stderr


def test_a_key_written_twice_is_refused(project):
    project.set("number", "3\n    number: 4")
    done = project.run()
    assert done.returncode == 78 and "'number' is written twice" in done.stderr


def test_base_layers_may_not_repeat_a_key():
    params = {"a": {"base": {"x": 1}}, "b": {"base": {"x": 2}}}
    with pytest.raises(StageFailure, match="already a key of an earlier base"):
        layers.merge(params, ("a.base", "b.base"))


@pytest.mark.parametrize(
    ("ending", "code"), [("full", 74), ("value", 65), ("nan", 70), ("empty", 70), ("none", 70), ("defect", 1)]
)
def test_failures_have_their_exit_codes_and_leave_nothing(project, ending, code):
    project.run()
    before = (project.folder / OUT / "receipt.json").read_bytes()
    project.set("ending", ending)
    done = project.run()
    assert done.returncode == code, done.stderr
    assert ("Traceback" in done.stderr) == (ending == "defect")
    assert (project.folder / OUT / "receipt.json").read_bytes() == before, "the last good output stays"
    assert [p.name for p in (project.folder / OUT).parent.iterdir()] == ["a"]


def test_missing_input_says_what_to_build(project):
    done = project.run(extra=("--in", "data=results/store/demo/data/face"))
    assert done.returncode == 69 and "results/store/demo/data/face" in done.stderr


def test_folder_input_without_receipt_is_refused(project):
    (project.folder / "half").mkdir()
    done = project.run(extra=("--in", "data=half"))
    assert done.returncode == 65 and "has no receipt" in done.stderr


def made_anew(out: Path) -> None:
    """By the same bytes, as another engine would: the stage may have read while nothing lay there."""
    shutil.copytree(out, out.with_name("copy"))
    shutil.rmtree(out)
    out.with_name("copy").rename(out)


CHANGES = {
    "made anew": made_anew,
    "taken away": shutil.rmtree,
    "edited": lambda out: (out / "number.txt").write_text("4\n"),
    "a file more": lambda out: (out / "more.txt").write_text("5\n"),
    "a mark of Snakemake's": lambda out: (out / ".snakemake_timestamp").touch(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_an_input_has_to_stay_while_it_is_read(project, change):
    """The receipt would else name bytes that the stage did not read."""
    assert project.run().returncode == 0
    (project.folder / "started").unlink()
    project.set("wait_s", "1.0")
    reader = project.start(out="results/store/demo/toy/b", extra=("--in", f"a={OUT}"))
    wait_for(project.folder / "started")
    CHANGES[change](project.folder / OUT)
    _, told = reader.communicate(timeout=20)
    if change == "a mark of Snakemake's":
        assert reader.returncode == 0, told
        return
    assert reader.returncode == 75 and f"input a: {OUT} was made anew or changed" in told, told
    assert not (project.folder / "results/store/demo/toy/b").exists()


def test_absolute_paths_and_unknown_arguments_are_refused(project):
    assert project.run(out="/tmp/x").returncode == 78
    done = project.run(extra=("--colour", "red"))
    assert done.returncode == 78 and "--colour" in done.stderr


def test_final_files_get_their_receipt_apart(project):
    done = project.run(out="results/tables/t", extra=("--files", "txt"))
    assert done.returncode == 0, done.stderr
    assert (project.folder / "results/tables/t.txt").read_text() == "3\n"
    assert json.loads((project.folder / "results/receipts/t.json").read_text())["outputs"].keys() == {"t.txt"}
    assert list((project.folder / "results/tables").iterdir()) == [project.folder / "results/tables/t.txt"]


def test_final_files_must_be_those_declared(project):
    done = project.run(out="results/tables/t", extra=("--files", "txt", "csv"))
    assert done.returncode == 70 and "t.csv" in done.stderr


def test_receipt_names_its_inputs_by_bytes_and_receipt(project):
    project.run()
    project.run(out="results/store/demo/toy/b", extra=("--in", "a=results/store/demo/toy/a"))
    entry = json.loads((project.folder / "results/store/demo/toy/b/receipt.json").read_text())["inputs"]["a"]
    digest = subprocess.run(["sha256sum", project.folder / OUT / "receipt.json"], capture_output=True, text=True)
    assert entry["receipt"] == digest.stdout.split()[0].lstrip("\\")
    lines = subprocess.run(["sha256sum", "number.txt"], cwd=project.folder / OUT, capture_output=True, text=True).stdout
    whole = subprocess.run(["sha256sum"], input=lines, capture_output=True, text=True).stdout.split()[0]
    assert entry["sha256"] == whole, "a folder's digest is what sha256sum gives for its sha256sum listing"


def test_verify_finds_altered_missing_and_added_files(project, monkeypatch):
    project.run()
    monkeypatch.chdir(project.folder)
    receipt = OUT / "receipt.json"
    assert verify_output(receipt) == []
    status = (OUT / "number.txt").stat()
    (OUT / "number.txt").write_text("4\n")
    os.utime(OUT / "number.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert "other bytes" in verify_output(receipt)[0], "same size and same mtime"
    (OUT / "number.txt").rename(OUT / "other.txt")
    assert [p.split(": ")[1] for p in verify_output(receipt)] == [
        "number.txt is missing",
        "other.txt is not in its receipt",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signal_stops_with_75_and_leaves_nothing(project, number):
    process = project.start("wait")
    wait_for(project.folder / "started")
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 75 and "run it again" in errors
    assert list((project.folder / OUT).parent.iterdir()) == []


def test_deferred_stop_lets_the_stage_save(project):
    project.set("ending", "save")
    process = project.start()
    wait_for(project.folder / "started")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 75
    assert [path.read_text() for path in (project.folder / ".work/resume").glob("*/state")] == ["saved"]


def test_work_in_kept_parts_ends_between_two_of_them(project):
    project.set("ending", "parts")
    process = project.start()
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGUSR1)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 75 and "what is finished of 1000 parts is kept" in errors
    assert len(list((project.folder / ".work/resume").glob("*/part *"))) > 0 and not (project.folder / OUT).exists()


def test_kill_leaves_no_output_and_the_next_run_cleans_up(project):
    process = project.start("wait")
    wait_for(project.folder / "started")
    process.kill()
    process.wait()
    assert not (project.folder / OUT).exists()
    assert len(list((project.folder / OUT).parent.iterdir())) == 1, "the killed run's temporary folder"
    assert project.run().returncode == 0
    assert [path.name for path in (project.folder / OUT).parent.iterdir()] == ["a"]


def test_two_runs_of_one_stage_never_overlap(project):
    project.set("wait_s", "1.5")
    first = project.start()
    wait_for(project.folder / "started")
    (project.folder / "started").unlink()
    second = project.start()
    time.sleep(0.8)
    assert not (project.folder / "started").exists(), "the second must wait for the first"
    assert first.wait(20) == 0
    out, _ = second.communicate(timeout=20)
    assert second.returncode == 0 and f"process {first.pid} on {os.uname().nodename} is making this" in out


def ends_with_its_engine(project, program: str, seconds: int) -> None:
    """Starts a program that starts the stage, kills the program and sees the stage die."""
    engine = subprocess.Popen([sys.executable, "-c", program], cwd=project.folder)
    wait_for(project.folder / "started")
    lock = project.folder / ".work/locks" / f"{OUT.as_posix().replace('/', '~')}.lock"
    stage = int(lock.read_text().split()[0])
    engine.kill()
    engine.wait()
    end = time.monotonic() + seconds
    while not dead(stage):
        assert time.monotonic() < end, "the stage outlived its engine"
        time.sleep(0.05)


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_stage_dies_with_its_engine(project, shell):
    """The chain of an engine: a program starts a shell, whose `exec` line is the stage; the program is killed."""
    line = "exec " + " ".join(shlex.quote(word) for word in project.command("wait")) + " > log.txt 2>&1"
    program = f"import subprocess; subprocess.run([{shell!r}, '-c', {line!r}])"
    ends_with_its_engine(project, program, seconds=10)
    assert not (project.folder / OUT).exists()


def test_stage_dies_with_its_grandparent(project):
    """Without `exec` a shell stands between engine and stage; killing the engine alone must still end the stage."""
    line = " ".join(shlex.quote(word) for word in project.command("wait")) + " > log.txt 2>&1; true"
    program = f"import subprocess; subprocess.run(['bash', '-c', {line!r}])"
    ends_with_its_engine(project, program, seconds=15)


def test_leases_queue_up_and_are_freed_by_death(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hold = "import time; from stages.runner import lease\n"
    hold += "with lease.leased(2, ['0', '1']): print('held', flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "held\n"
    got = []

    def ask():
        with lease.leased(1, ["0", "1"]) as devices:
            got.append(devices)

    waiter = threading.Thread(target=ask)
    waiter.start()
    waiter.join(0.8)
    assert not got, "both devices are leased"
    holder.kill()
    waiter.join(10)
    assert got == [["0"]], "the kernel frees the leases of a killed holder"
    with lease.leased(1, ["0", "1"]) as first, lease.leased(1, ["0", "1"]) as second:
        assert (first, second) == (["0"], ["1"])
    with lease.leased(1, []) as none:
        assert none == [], "without devices the stage runs on the CPU"


def test_origins_follow_the_indentation():
    text = "a:\n  base:\n    x: 1  # supp §2\n    y: 2  # ours (gap G3)\n  profile:\n    demo: {x: 2}\n"
    text += "b:\n  x: 5  # code\n"
    assert layers.origins(text) == {"a.base.x": "supp §2", "a.base.y": "ours (gap G3)", "b.x": "code"}


def test_a_run_whose_lock_was_removed_is_not_run_over(project):
    """Nor are its files swept: the second run says so and ends with 75."""
    first = project.start("wait")
    wait_for(project.folder / "started")
    shutil.rmtree(project.folder / ".work/locks")
    second = project.run()
    assert second.returncode == 75 and f"process {first.pid} is making {OUT}" in second.stderr
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=60)
    assert first.returncode == 75 and project.run().returncode == 0
