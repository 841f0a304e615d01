"""A stage that a signal kills: its log says which and what to do, and a record of the run is kept."""

import json
import os
import shlex
import signal
import subprocess
import time
from pathlib import Path

import pytest

from stages.retrace.status import command
from tests.house.toy_graph import ToyGraph
from tests.house.toy_project import ToyProject

OUT = "results/store/demo/toy/a"
# A verb's function that ends as told: by its own signal, in a library's call, over a file that is cut under it.
DEATHS = {
    "SIGKILL": "os.kill(os.getpid(), signal.SIGKILL)",
    "SIGSEGV": "os.kill(os.getpid(), signal.SIGSEGV)",
    "SIGABRT": "os.abort()",
    "SIGFPE": "os.kill(os.getpid(), signal.SIGFPE)",
    "SIGILL": "os.kill(os.getpid(), signal.SIGILL)",
    "SIGBUS": "cut_under_it()",
}
CUT = '''
import mmap, os, signal
def cut_under_it():
    """Reads a mapped file of two pages that has become one."""
    with open("mapped", "w+b") as stream:
        stream.truncate(8192)
        content = mmap.mmap(stream.fileno(), 8192)
        stream.truncate(4096)
        return content[5000]
'''
KEYS = {"stage", "fingerprint", "resume", "started", "seconds", "machine", "cores", "gpus", "python", "engine", "exit"}


@pytest.fixture
def project(tmp_path) -> ToyProject:
    return ToyProject(tmp_path / "a project é")


def dying(project: ToyProject, death: str) -> None:
    """Makes the toy verb end so, after it has begun its work."""
    verb = project.folder / "stages/toy.py"
    text = verb.read_text().replace('    Path("started").touch()\n', f'    Path("started").touch()\n    {death}\n')
    verb.write_text(text.replace("import time\n", f"import time\n{CUT}", 1))


def record(project: ToyProject) -> dict:
    """The last line of the toy's log of runs."""
    log = project.folder / ".work/runs" / f"{OUT.replace('/', '~')}.jsonl"
    return json.loads(log.read_text().splitlines()[-1])


@pytest.mark.parametrize("name", DEATHS)
def test_the_log_names_stage_and_signal_and_a_record_is_kept(project, name, monkeypatch):
    dying(project, DEATHS[name])
    done = project.run()
    number = signal.Signals[name]
    assert done.returncode == -number, "the engine sees the true status"
    assert f"{OUT}: killed by {name}: " in done.stderr and "run" in done.stderr.splitlines()[0]
    # SIGKILL leaves no time to say where it struck.
    assert ("stages/toy.py" in done.stderr) == (name != "SIGKILL")
    kept = record(project)
    assert set(kept) >= KEYS and kept["exit"] == 128 + number and len(kept["fingerprint"]) == 64
    assert kept["failure"].startswith(f"killed by {name}: ") and "\n" not in kept["failure"]
    monkeypatch.chdir(project.folder)
    assert (command.run().ended[0].exit, command.run().ended[0].meaning) == (128 + number, "killed by a signal")


def test_another_signal_and_an_end_by_a_library_are_told_too(project):
    """SIGQUIT kills as it always did; a library that calls exit() leaves no other word."""
    process = project.start("wait")
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGQUIT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGQUIT and f"{OUT}: killed by SIG" in told
    dying(project, "os._exit(3)")
    done = project.run()
    assert done.returncode == 3 and f"{OUT}: " in done.stderr


def wait_for(path: Path, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} never appeared"
        time.sleep(0.01)


def watchers(stage: int) -> list[int]:
    """Children of a process."""
    return [int(word) for word in Path(f"/proc/{stage}/task/{stage}/children").read_text().split()]


def test_the_watcher_holds_no_lock_no_output_and_no_folder(project):
    """It has its end of a pipe, the stage's stderr and nothing else, in a session of its own."""
    process = project.start("wait")
    try:
        wait_for(project.folder / "started")
        (watcher,) = watchers(process.pid)
        held = {path.name: os.readlink(path) for path in Path(f"/proc/{watcher}/fd").iterdir()}
        assert held["0"] == held["1"] == "/dev/null"
        assert not [target for target in held.values() if ".lock" in target or "results" in target]
        assert held["2"] == os.readlink(f"/proc/{process.pid}/fd/2")
        assert os.readlink(f"/proc/{process.pid}/fd/1") not in held.values()
        assert os.getsid(watcher) == watcher and os.readlink(f"/proc/{watcher}/cwd") == "/"
        os.kill(watcher, signal.SIGTERM)
    finally:
        process.kill()
        _, told = process.communicate(timeout=60)
    assert f"{OUT}: killed by SIGKILL" in told, "a signal meant for the stage does not end it"


@pytest.mark.parametrize("ending", ["good", "value", "defect", "stopped"])
def test_a_stage_that_tells_its_end_leaves_no_watcher_and_one_record(project, ending):
    project.set("ending", "good" if ending == "stopped" else ending)
    process = project.start("wait" if ending == "stopped" else "demo")
    if ending == "stopped":
        wait_for(project.folder / "started")
        (watcher,) = watchers(process.pid)
        process.terminate()
        process.communicate(timeout=60)
        assert not Path(f"/proc/{watcher}").exists()
    _, told = process.communicate(timeout=60)
    assert "killed by" not in told
    log = project.folder / ".work/runs" / f"{OUT.replace('/', '~')}.jsonl"
    assert len(log.read_text().splitlines()) == 1 and "peak_memory_mb" in record(project)


def test_a_stage_whose_watcher_was_killed_ends_as_ever(project):
    project.set("wait_s", "1.0")
    process = project.start()
    wait_for(project.folder / "started")
    os.kill(watchers(process.pid)[0], signal.SIGKILL)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told


def test_a_log_that_nobody_reads_does_not_hold_the_watcher(project):
    """The engine's pipe is full: the record is written all the same, and the watcher goes."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen(
        project.command("wait"), cwd=project.folder, stdout=subprocess.DEVNULL, stderr=writing, text=True
    )  # fmt: skip
    wait_for(project.folder / "started")
    while True:
        try:
            os.write(writing, b"x" * 4096)
        except BlockingIOError:
            break
    (watcher,) = watchers(process.pid)
    process.kill()
    process.wait(timeout=60)
    end = time.monotonic() + 60
    while Path(f"/proc/{watcher}").exists() and state(watcher) != "Z":
        assert time.monotonic() < end, "the watcher hangs"
        time.sleep(0.02)
    assert record(project)["exit"] == 128 + signal.SIGKILL
    os.close(reading)
    os.close(writing)


def state(process: int) -> str:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


@pytest.mark.parametrize("line", ["exec {command} > log.txt 2>&1", "{command} > log.txt 2>&1; exit $?"])
def test_an_engines_shell_sees_the_signal_and_its_log_the_reason(project, line):
    """DVC and Snakemake both start a stage through a shell, the one with exec."""
    dying(project, DEATHS["SIGBUS"])
    command = " ".join(shlex.quote(word) for word in project.command())
    done = subprocess.run(["bash", "-c", line.format(command=command)], cwd=project.folder, timeout=60, check=False)
    assert done.returncode in (-signal.SIGBUS, 128 + signal.SIGBUS)
    end = time.monotonic() + 30
    while "killed by SIGBUS" not in (project.folder / "log.txt").read_text():
        assert time.monotonic() < end, "the log stays empty"
        time.sleep(0.02)


@pytest.mark.parametrize(("engine", "name"), [("snakemake", "SIGBUS"), ("dvc", "SIGKILL")])
def test_both_engines_fail_and_say_why(tmp_path, engine, name):
    """Snakemake's log of the job and DVC's own output hold the message; nothing is published."""
    toy = ToyGraph(tmp_path)
    toy.edit("stages/render.py", "def render(job):", f"{CUT}\ndef render(job):\n    {DEATHS[name]}")
    toy.make_graph()
    target = "results/store/demo/raw/cub"
    words = ("--cores", "1", target) if engine == "snakemake" else ("repro", "render@cub")
    done = toy.call(engine, *words)
    log = tmp_path / ".work/logs/render_cub.log"
    told = f"{target}: killed by {name}: "
    end = time.monotonic() + 30
    while told not in (log.read_text() if engine == "snakemake" else done.stderr):
        assert engine == "snakemake" and time.monotonic() < end, done.stdout + done.stderr
        time.sleep(0.02)
    assert done.returncode != 0 and not (tmp_path / target).exists()
    records = tmp_path / ".work/runs" / f"{target.replace('/', '~')}.jsonl"
    assert json.loads(records.read_text().splitlines()[-1])["exit"] == 128 + signal.Signals[name]
