"""What killed runs leave: engines' locks, half-published outputs, saved states that nothing goes on from."""

import base64
import fcntl
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.graph import Stage
from stages.retrace.doctor import cut_off
from stages.retrace.doctor.findings import Finding
from stages.retrace.dvc import locked
from stages.retrace.evidence import current
from stages.retrace.evidence.receipts import Shelf
from stages.retrace.evidence.sound import is_digest
from stages.runner import lock, machine

SNAKEMAKE = Path(".snakemake")
DVC = Path(".dvc/tmp/rwlock")
RESULTS = Path("results")
HALF = re.compile(r"\.(?P<name>.+)\.(?P<process>\d+)\.(?P<kind>tmp|old)")
NAMED = 3


def locks(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Engines' locks whose engine is gone. A stage's own lock is freed by the kernel: a held one is a running stage."""
    alive = _running("snakemake")
    if (held := _files(SNAKEMAKE / "locks")) and not alive:
        yield Finding("lock", f"{held[0].parent} is locked by a Snakemake that is gone", "snakemake --unlock")
    if (marks := _files(SNAKEMAKE / "incomplete")) and not alive:
        outs = sorted(base64.urlsafe_b64decode(mark.name).decode(errors="replace") for mark in marks)
        yield Finding("incomplete", f"Snakemake was killed while it made {_some(outs)}",
                      f"snakemake --cores 8 --rerun-incomplete {' '.join(outs)}")  # fmt: skip
    if dead := _dead_in_rwlock():
        yield Finding(
            "lock", f"{DVC} names process {dead}, which is gone", f"rm {DVC}  (or dvc repro, which clears it)"
        )
    elif cut_off.json_file(DVC) and not _running("dvc"):
        yield Finding("lock", f"{DVC} was cut off when DVC was killed, and DVC refuses to start", f"rm {DVC}")
    if cut_off.dvc_lock() and not _running("dvc"):
        yield Finding("lock", f"{locked.LOCK} was cut off when DVC was killed, and DVC refuses to start",
                      f"rm {locked.LOCK} && retrace adopt")  # fmt: skip
    for path in _files(lock.LOCKS):
        if process := _holder(path):
            yield Finding("running", f"process {process} is making {path.stem.replace('~', '/')}")


def publishes(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Temporary and set-aside outputs of processes that are gone."""
    for path in sorted(_hidden(RESULTS)):
        match = HALF.fullmatch(path.name)
        if not match or _is_alive(int(match["process"])):
            continue
        out = path.parent / match["name"]
        if match["kind"] == "old" and not out.exists():
            yield Finding("publish", f"{out} was set aside as {path.name} and not yet replaced", f"mv {path} {out}")
        else:
            what = "rest of a replaced output" if match["kind"] == "old" else "output that was never finished"
            yield Finding("publish", f"{path}: {what}", f"rm -r {path}  (the next run of its stage removes it too)")


def receipts(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Outputs without the receipt that is published last."""
    for stage in stages:
        built = [out for out in stage.outs if Path(out).exists()]
        place = current.receipt_path(stage)
        if built and not place.is_file():
            yield Finding("publish", f"{_some(built)} lack their receipt {place}: publishing was cut short",
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
    runs = _logged()
    for folder in folders:
        name, size = folder.name, sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) // 2**20
        if name in wanted:
            yield Finding("state", f"{folder} ({size} MB): {wanted[name]} goes on from it when it runs again")
        else:
            of = f", of {runs[name]}" if name in runs else ""
            what = f"{folder} ({size} MB){of}: no stage of today's parameters, code and inputs goes on from it"
            yield Finding("state", what, f"rm -r {folder}")


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
        raise ValueError(
            f"the states that stages go on from could not be computed: {done.stderr.strip().splitlines()[-1]}"
        )
    finished = {node.fingerprint for node in Shelf().current.values()}
    planned = json.loads(done.stdout)
    return {name: one["resume"] for name, one in planned.items() if one["fingerprint"] not in finished}


def _logged() -> dict[str, str]:
    """The folders of states in the run logs, with their stages."""
    lines = [
        json.loads(line) for path in _files(machine.RUNS) for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return {line["resume"]: line["stage"] for line in lines if line["resume"]}


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _hidden(folder: Path) -> Iterator[Path]:
    """Names that begin with a dot, not looking into outputs."""
    for root, folders, files in os.walk(folder):
        yield from (Path(root, name) for name in (*folders, *files) if name.startswith("."))
        is_output = "receipt.json" in files
        folders[:] = [] if is_output else [name for name in folders if not name.startswith(".")]


def _holder(path: Path) -> str:
    """Who holds a stage's lock; empty where nobody does."""
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            return handle.read().strip() or "unknown"
    return ""


def _dead_in_rwlock() -> int:
    """A process named by DVC's lock file that is gone; 0 where there is none."""
    try:
        held = json.loads(DVC.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0
    users = [user for entry in held.values() for user in (*entry.get("read", []), entry.get("write") or {})]
    dead = [user["pid"] for user in users if "pid" in user and not _is_alive(user["pid"])]
    return dead[0] if dead else 0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _running(program: str) -> bool:
    """Whether a process with this program or module in its command works in this folder, whatever its path holds."""
    here = Path.cwd()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if program in {Path(word).name for word in words} and (path / "cwd").resolve() == here:
                return True
        except OSError:
            continue
    return False


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
