"""Locks that engines leave behind when they are killed; never the lock of a run that lives, here or elsewhere."""

import base64
import binascii
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.graph import Stage
from stages.retrace.doctor import cut_off
from stages.retrace.doctor.findings import Finding
from stages.retrace.dvc import locked
from stages.runner import lock

SNAKEMAKE = Path(".snakemake")
DVC = Path(".dvc/tmp/rwlock")
NAMED = 3


def locks(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Engines' locks whose engine is gone. A stage's own lock is freed by the kernel: a held one is a running stage.

    While a stage runs here, an engine may live where this machine does not see it; then nothing is to be removed.
    """
    making = {path.stem.replace("~", "/"): name for path in files(lock.LOCKS) if (name := lock.holder(path))}
    yield from (Finding("running", f"process {name} is making {stage}") for stage, name in making.items())
    waits = "a stage runs here, maybe for it: look again when it has ended" if making else ""
    if not running("snakemake"):
        yield from _of_snakemake(waits)
    if not running("dvc"):
        yield from _of_dvc(waits)


def _of_snakemake(waits: str) -> Iterator[Finding]:
    if held := files(SNAKEMAKE / "locks"):
        yield _finding("lock", f"{held[0].parent} is locked by a Snakemake that is gone", "snakemake --unlock", waits)
    if marks := files(SNAKEMAKE / "incomplete"):
        outs = sorted(_out_of(mark.name) for mark in marks)
        yield _finding("incomplete", f"Snakemake was killed while it made {some(outs)}",
                       f"snakemake --cores 8 --rerun-incomplete {' '.join(outs)}", waits)  # fmt: skip


def _of_dvc(waits: str) -> Iterator[Finding]:
    users = _users()
    if users is None:
        yield _finding("lock", f"{DVC} was cut off when DVC was killed, and DVC refuses to start", f"rm {DVC}", waits)
    elif dead := [user for user in users if not is_alive(user)]:
        what = f"{DVC} names process {dead[0]}, which is gone"
        if alive := [user for user in users if is_alive(user)]:
            yield Finding("lock", f"{what}, beside {alive[0]}, which lives: DVC clears it by itself")
        else:
            yield _finding("lock", what, f"rm {DVC}  (or dvc repro, which clears it)", waits)
    if cut_off.dvc_lock():
        yield _finding("lock", f"{locked.LOCK} was cut off when DVC was killed, and DVC refuses to start",
                       f"rm {locked.LOCK} && retrace adopt", waits)  # fmt: skip


def _finding(kind: str, what: str, remedy: str, waits: str) -> Finding:
    return Finding(kind, f"{what}; {waits}") if waits else Finding(kind, what, remedy)


def _users() -> list[int] | None:
    """The processes that DVC's lock file names; None where it is there and is none."""
    if not os.path.lexists(DVC):
        return []
    if not DVC.is_file():
        return None
    try:
        held = json.loads(DVC.read_text(encoding="utf-8"))
        users = [user for entry in held.values() for user in (*entry.get("read", []), entry.get("write") or {})]
        return [int(user["pid"]) for user in users if user]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _out_of(mark: str) -> str:
    """The output that a mark of Snakemake's is called after."""
    try:
        return base64.urlsafe_b64decode(mark).decode(errors="replace")
    except binascii.Error:
        return mark


def is_alive(process: int) -> bool:
    """Whether a process of this number is there."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def running(program: str) -> bool:
    """Whether a process with this program or module in its command works in this folder, whatever its path holds.

    One of another user, whose folder may not be read, may work here.
    """
    here = Path.cwd()
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        places = [Path(word) for word in words]
        if program in {place.parent.name if place.name == "__main__.py" else place.name for place in places}:
            try:
                works_here = Path(os.readlink(path / "cwd")) == here
            except FileNotFoundError:
                continue
            except OSError:
                works_here = True
            if works_here:
                return True
    return False


def files(folder: Path) -> list[Path]:
    """The plain files of a folder; none where there is none."""
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def some(names: Sequence[str]) -> str:
    """The first names, and how many more."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
