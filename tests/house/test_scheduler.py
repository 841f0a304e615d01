"""A stage in a job of SLURM: whose devices it takes, what it does before its time limit, what it tells of its host."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stages.runner import lease, scheduler
from stages.runner.guard import Guard
from tests.house.toy_project import ROOT, ToyProject

OUT = "results/store/demo/toy/a"
ENDS = "(sleep 1; kill -TERM $PPID) > /dev/null 2>&1 &"


@pytest.fixture
def job(tmp_path, monkeypatch):
    """A job with no time left, whose calls of the scheduler lie in `calls`; it ends what is queued again."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, says in {"squeue": "echo 0:00", "scontrol": f'echo "$@" >> {tmp_path}/calls; {ENDS}'}.items():
        (programs / name).write_text(f"#!/bin/sh\n{says}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    return tmp_path / "calls"


@pytest.fixture
def project(tmp_path) -> ToyProject:
    made = ToyProject(tmp_path / "project")
    # A saved state is named after its step, as the engine's are.
    verb = made.folder / "stages/toy.py"
    verb.write_text(verb.read_text().replace('job.resume / "state"', 'job.resume / f"state-{job.block.number}"'))
    return made


def waits(devices: list[str]) -> bool:
    """Whether a stage that wants one device would wait for it now."""
    with lease.leased(0, devices):
        pass
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lease.time, "sleep", lambda seconds: (_ for _ in ()).throw(TimeoutError))
        try:
            with lease.leased(1, devices) as held:
                assert held == devices
        except TimeoutError:
            return True
    return False


def test_a_device_that_a_scheduler_gave_is_shared_within_its_job_alone(tmp_path, monkeypatch):
    """Device 0 of another job, or of another host, is another device; without a gift a job is as its host."""
    monkeypatch.chdir(tmp_path)
    with lease.leased(1, ["0"]):
        monkeypatch.setenv("SLURM_JOB_ID", "7")
        assert waits(["0"]), "nothing was given: the device is its host's"
        monkeypatch.setenv("SLURM_STEP_GPUS", "0")
        monkeypatch.setenv("SLURM_STEP_ID", "0")
        with lease.leased(1, ["0"]):
            assert waits(["0"]), "two stages of one job share what it has"
            monkeypatch.setenv("SLURM_JOB_ID", "8")
            assert not waits(["0"])
        monkeypatch.delenv("SLURM_STEP_GPUS")
        monkeypatch.setattr(os, "uname", lambda: type("Host", (), {"nodename": "other"})())
        assert not waits(["0"])
    assert list((tmp_path / ".work/leases").iterdir()) == []


def test_before_its_time_limit_a_stage_saves_and_is_queued_again_while_it_comes_further(project, job):
    project.set("ending", "save")
    done = project.run()
    assert "job 7 is queued again" in done.stderr, done.stderr
    assert done.returncode == -signal.SIGTERM, "it waited for its end, and did not fail before"
    assert job.read_text() == "requeue 7\n"
    done = project.run()
    assert done.returncode == 75 and "before its first step" in done.stderr, done.stderr
    assert job.read_text() == "requeue 7\n", "what comes no further would come back for ever"


def test_a_stage_that_saves_nothing_keeps_the_time_that_is_left(project, job):
    project.set("wait_s", "2.0")
    assert project.run().returncode == 0 and not job.exists()


@pytest.mark.parametrize("left", ["UNLIMITED", "INVALID", "", "1-00:00:00", "20:00"])
def test_a_stage_with_time_is_not_asked(left, monkeypatch):
    monkeypatch.setattr(scheduler, "_call", lambda *words: left)
    waited = []
    monkeypatch.setattr(scheduler.time, "sleep", lambda seconds: (waited.append(seconds), exit()))
    guard = Guard()
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    try:
        scheduler._wait(guard.ask_to_save)
    except SystemExit:
        assert waited == [{"1-00:00:00": 86400.0, "20:00": 1200.0}[left] - scheduler.EARLY_SECONDS]
    assert not guard.requested


def test_locks_and_records_of_runs_name_the_host(project):
    assert project.run().returncode == 0
    lock = project.folder / ".work/locks" / f"{OUT.replace('/', '~')}.lock"
    assert lock.read_text().split()[1:] == ["on", os.uname().nodename]
    log = project.folder / ".work/runs" / f"{OUT.replace('/', '~')}.jsonl"
    assert json.loads(log.read_text())["host"] == os.uname().nodename
    assert os.uname().nodename not in Path(project.folder, OUT, "receipt.json").read_text()


def test_peak_memory_is_the_stage_s_own():
    """getrusage's peak is handed on by fork and exec: that of a small stage would tell what Snakemake held."""
    small = "from stages.runner import machine; print(machine.peak_memory_mb())"
    large = f"import os, sys; held = bytearray(300 << 20); os.execv(sys.executable, [sys.executable, '-c', {small!r}])"
    done = subprocess.run([sys.executable, "-c", large], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 5 < int(done.stdout) < 150
