"""What killed runs leave: half-published outputs, and saved states that nothing goes on from."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.graph import Stage
from stages.retrace.answer import Spoiled
from stages.retrace.doctor import locks
from stages.retrace.doctor.findings import Finding
from stages.retrace.doctor.locks import is_alive, some
from stages.retrace.evidence import current, run_log
from stages.retrace.evidence.receipts import Shelf
from stages.retrace.evidence.sound import is_digest
from stages.runner import lock, machine
from stages.runner.live import birth

RESULTS = Path("results")
HALF = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.(?P<kind>tmp|old)")


def publishes(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Temporary and set-aside outputs of processes that are gone."""
    for path in sorted(_hidden(RESULTS)):
        match = HALF.fullmatch(path.name)
        if not match:
            continue
        out = path.parent / match["name"]
        maker = _maker(match["process"], lock.place(out.as_posix()))
        if not maker:
            continue
        if match["kind"] == "old" and not out.exists():
            yield Finding("publish", f"{out} was set aside as {path.name} and not yet replaced", f"mv {path} {out}")
        else:
            what = "rest of a replaced output" if match["kind"] == "old" else "output that was never finished"
            yield Finding(
                "publish", f"{path}: {what}, by {maker}", f"rm -r {path}  (the next run of its stage removes it too)"
            )


def _maker(process: str, place: Path) -> str:
    """Who left an output that nobody finishes; empty where the process lives.

    Wherever it runs, one that lives holds a lock, that of this output or, where it keeps a receipt, another. Its number
    tells something only of this machine.
    """
    if lock.holder(place) or any(lock.holder(path).split()[:1] == [process] for path in locks.files(lock.LOCKS)):
        return ""
    said = lock.last(place).split()
    if said[:2] == [process, "on"] and said[2:] != [os.uname().nodename]:
        return f"process {' '.join(said)}"
    return "" if is_alive(int(process)) else f"process {process}"


def receipts(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Outputs without the receipt that is published last."""
    for stage in stages:
        built = [out for out in stage.outs if Path(out).exists()]
        place = current.receipt_path(stage)
        # Final files are put in place before their receipt.
        if built and not place.is_file() and not lock.holder(lock.place(current.arguments(stage).out.as_posix())):
            yield Finding("publish", f"{some(built)} lack their receipt {place}: publishing was cut short",
                          f"rm -r {' '.join(built)}  then  make {stage.outs[0]}")  # fmt: skip


def states(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Saved training states: those that a stage would go on from are notes, all others can go."""
    try:
        place = Path(machine.config().get("resume_root", machine.RESUME))
    except ValueError as problem:
        yield Finding("config", str(problem), f"edit {machine.CONFIG}")
        return
    folders = [path for path in sorted(place.iterdir()) if is_digest(path.name, 16)] if place.is_dir() else []
    if not folders:
        return
    wanted = {value: name for name, value in _planned(stages).items()}
    runs, living = _logged(), _in_use()
    for folder in folders:
        name, size = folder.name, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 2**20
        if name in living:
            yield Finding("state", f"{folder} ({size} MB): {living[name]}, which runs, saves its state there")
        elif name in wanted:
            yield Finding("state", f"{folder} ({size} MB): {wanted[name]} goes on from it when it runs again")
        else:
            of = f", of {runs[name]}" if name in runs else ""
            what = f"{folder} ({size} MB){of}: no stage of today's parameters, code and inputs goes on from it"
            yield Finding("state", what, f"rm -r {folder}")


def _in_use() -> dict[str, str]:
    """The folders of states of runs that live, which may have begun with other parameters than today's."""
    return {Path(one.resume).name: one.stage for one in run_log.living()
            if (one.born and birth(one.pid) == one.born) or lock.holder(lock.place(one.stage))}  # fmt: skip


def _planned(stages: Sequence[Stage]) -> dict[str, str]:
    """The folders from which unfinished stages that compute would go on, from a process that may import torch."""
    names = [stage.name for stage in stages if "torch" in stage.meta]
    if not names:
        return {}
    done = subprocess.run(
        [sys.executable, "-m", "stages.retrace.doctor.planned", *names],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Spoiled(f"the states that stages go on from could not be computed: {said}")
    finished = {node.fingerprint for node in Shelf().current.values()}
    planned = json.loads(done.stdout)
    return {name: one["resume"] for name, one in planned.items() if one["fingerprint"] not in finished}


def _logged() -> dict[str, str]:
    """The folders of states in the run logs, with their stages."""
    return {run.resume: run.stage for log in run_log.logs() for run in run_log.ended(log) if run.resume}


def _hidden(folder: Path) -> Iterator[Path]:
    """Names that begin with a dot, not looking into outputs."""
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in (*folders, *files) if name.startswith("."))
        is_output = "receipt.json" in files
        folders[:] = [] if is_output else [name for name in folders if not name.startswith(".")]
