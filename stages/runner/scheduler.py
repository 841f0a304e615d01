"""The SLURM job that a stage runs in, if it does: whose its devices are, how long it has, and how to go on after it."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

JOB, STEP = "SLURM_JOB_ID", "SLURM_STEP_ID"
# The devices of a step, and those of a job's own script.
DEVICES = ("SLURM_STEP_GPUS", "SLURM_JOB_GPUS")
# Before the limit: as long as a stop may take (guard.GRACE_SECONDS), and a minute more; of a short job half.
EARLY_SECONDS, EARLY_SHARE = 180.0, 0.5
ANSWER_SECONDS, POLL_SECONDS = 60.0, 1.0
# Above what SLURM takes to end a job (KillWait).
END_SECONDS = 90.0
LEFT = re.compile(r"(?:(?:(?P<days>\d+)-)?(?P<hours>\d+):)?(?P<minutes>\d+):(?P<seconds>\d+)")


def scope() -> str:
    """Within what devices are shared out: this host, or of it the step to whom the scheduler gave devices of its own.

    Where it hides the others from each job, device 0 of two jobs on one host are two devices.
    """
    host = os.uname().nodename
    if not any(os.environ.get(name) for name in DEVICES):
        return host
    return f"{host}.{os.environ.get(JOB, '')}.{os.environ.get(STEP, 'batch')}"


def when_time_is_short(ask: Callable[[], bool]) -> None:
    """Calls `ask` shortly before the job's time limit, until it says yes; does nothing outside of a job."""
    if os.environ.get(JOB):
        threading.Thread(target=_wait, args=(ask,), daemon=True).start()


class More:
    """What asks for more time: it goes to a stage that came further in the time it had, by the states it saved."""

    def __init__(self, resume: Path) -> None:
        self._resume, self._before = resume, _states(resume)
        self._queued = False

    def ask(self) -> str:
        """Has the scheduler run the job again, as it stands, and tells what came of it.

        SLURM keeps the job's number and counts no failure; it ends at once what still runs of the job.
        """
        job = os.environ[JOB]
        if not _states(self._resume) - self._before:
            return f"job {job} ends before its first step is done: give it more time (--set-resources RULE:runtime=…)"
        if _call("scontrol", "requeue", job) is None:
            return f"`scontrol requeue {job}` failed: ask Snakemake for it again, it goes on from its state"
        self._queued = True
        return f"job {job} is queued again, before its time limit, and goes on from its state"

    def rest(self) -> None:
        """Waits for the end that SLURM brings to a job that is queued again; a failure before it would count as one."""
        if self._queued:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            time.sleep(END_SECONDS)


def _states(resume: Path) -> set[str]:
    """The names of saved states, each of which holds its step."""
    return {path.as_posix() for path in resume.rglob("*")}


def _wait(ask: Callable[[], bool]) -> None:
    left = _seconds_left()
    if left is None:
        return
    early = min(EARLY_SECONDS, left * EARLY_SHARE)
    # Asked again at its end: a limit may be raised while a job runs.
    while left is not None and left > early:
        time.sleep(left - early)
        left = _seconds_left()
    while left is not None and not ask():
        time.sleep(POLL_SECONDS)


def _seconds_left() -> float | None:
    """Until the job's time limit, None where it has none or the scheduler does not say."""
    said = _call("squeue", "--noheader", "--jobs", os.environ[JOB], "--format", "%L") or ""
    match = LEFT.fullmatch(said.strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds"))
    return float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)


def _call(*words: str) -> str | None:
    """What a program of the scheduler says; None where it is not there, fails or does not answer."""
    try:
        done = subprocess.run(words, capture_output=True, encoding="utf-8", errors="replace", timeout=ANSWER_SECONDS)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout if done.returncode == 0 else None
