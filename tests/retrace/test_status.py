"""`retrace status`: what a running stage says of itself, seen from another process; and what is left of a dead one."""

import io
import json
import os
import signal
import time
from pathlib import Path

import pytest

from stages.retrace.page import Page
from stages.retrace.status import command, view
from stages.runner import live
from stages.runner.live import RUNNING, Live, birth
from tests.house.toy_project import ToyProject


@pytest.fixture()
def project(tmp_path, monkeypatch) -> ToyProject:
    made = ToyProject(tmp_path)
    monkeypatch.chdir(tmp_path)
    return made


def shown(status: command.Status) -> str:
    stream = io.StringIO()
    view.show(status, Page(stream))
    return stream.getvalue()


def wait_for(path: Path) -> None:
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)


def test_nothing_runs_in_an_empty_project(project):
    status = command.run()
    assert status == command.Status((), ()) and status.code == 0 and shown(status) == "nothing runs here\n"


def test_a_running_stage_is_seen_and_goes_when_it_ends(project):
    process = project.start("wait")
    try:
        wait_for(project.folder / "started")
        (one,) = command.run().running
        assert (one.stage, one.pid, one.alive, one.done) == ("results/store/demo/toy/a", process.pid, True, None)
        assert "●" in shown(command.run()) and "results/store/demo/toy/a" in shown(command.run())
    finally:
        process.terminate()
        process.communicate(timeout=30)
    status = command.run()
    assert status.running == () and not list((project.folder / RUNNING).iterdir())
    (ended,) = status.ended
    assert (ended.stage, ended.exit) == ("results/store/demo/toy/a", 75) and "run it again" in ended.meaning
    assert f" {ended.exit} results/store/demo/toy/a" in shown(status)


def test_a_killed_stage_never_looks_alive(project):
    process = project.start("wait")
    wait_for(project.folder / "started")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    (one,) = command.run().running
    assert not one.alive and "is gone; run it again" in shown(command.run())
    assert project.run().returncode == 0
    assert command.run().running == (), "the next run of the stage takes its place"


def test_a_later_process_with_the_same_number_is_another_one(project):
    Live("results/x", Path("resume"))
    file = next(RUNNING.glob("*.json"))
    held = json.loads(file.read_text())
    assert held["pid"] == os.getpid() and command.run().running[0].alive
    file.write_text(json.dumps({**held, "born": str(int(held["born"]) - 1)}))
    assert not command.run().running[0].alive


def test_birth_is_empty_for_nobody():
    assert birth(os.getpid()) and birth(2**22 + 1) == ""
    child = os.fork()
    if child == 0:
        os._exit(0)
    time.sleep(0.2)
    assert birth(child) == "", "a process that waits to be buried is none"
    os.waitpid(child, 0)


def test_time_left_counts_from_where_this_run_began(project, monkeypatch):
    """A training that goes on at step 900 of 1,000 and makes ten steps in 20 s has 180 s left, not 2."""
    now = [1000.0]
    monkeypatch.setattr(live.time, "time", lambda: now[0])
    watcher = Live("results/x", Path("resume"))
    watcher(900, 1000, "G 1.0")
    assert command.run().running[0].left_s is None
    now[0] += 20
    watcher(910, 1000, "G 0.5")
    (one,) = command.run().running
    assert (one.done, one.total, one.text, one.left_s) == (910, 1000, "G 0.5", pytest.approx(180.0))
    assert "910 of 1000 (91 %)" in shown(command.run()) and "3 min 0 s left" in shown(command.run())
    now[0] += 1
    watcher(911, 1000, "G 0.4")
    assert command.run().running[0].done == 910, "written every two seconds at most"
    watcher(1000, 1000, "G 0.3")
    assert command.run().running[0].done == 1000, "but the end at once"
    watcher.close()
    assert command.run().running == ()


def test_log_and_curve_are_named_where_they_are(project):
    resume = Path(".work/resume/0123456789abcdef")
    with Path("out.log").open("w") as log:
        kept = os.dup(1)
        os.dup2(log.fileno(), 1)
        try:
            Live("results/x", resume)
        finally:
            os.dup2(kept, 1)
            os.close(kept)
    (one,) = command.run().running
    assert (one.log, one.curve) == ("out.log", "")
    resume.mkdir(parents=True)
    (resume / "curve.csv").write_text("{}\n")
    assert "curve  .work/resume/0123456789abcdef/curve.csv" in shown(command.run())


def test_no_place_for_it_stops_nothing(project):
    """A file where the folder should be, as on a disk that is full or may not be written: the stage still ends well."""
    (project.folder / ".work").mkdir(exist_ok=True)
    (project.folder / RUNNING).write_text("in the way")
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert command.run().running == ()


def test_half_a_record_is_passed_over(project):
    RUNNING.mkdir(parents=True)
    (RUNNING / "a.json").write_text('{"stage": "results/x", "pi')
    assert command.run().running == ()
