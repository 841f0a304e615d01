"""Whether the folders that machines share are shared, and whether locks hold there."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from stages.graph import Stage
from stages.retrace.doctor import cluster
from stages.retrace.doctor.findings import Finding
from stages.runner import machine

MOUNTS = Path("/proc/self/mounts")
WORK = Path(".work")
# Disks of one machine; of all else nobody knows, but that it may be shared.
OWN = {"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "tmpfs", "ramfs", "overlay", "f2fs"}
# With these (NFS, Lustre) a machine keeps its locks to itself, or has none.
ALONE = re.compile(r"nolock|local_lock=(?:all|flock)|localflock|noflock")
TRY = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def places(stages: Sequence[Stage]) -> Iterator[Finding]:
    """Locks of stages and leases of GPUs are files under .work, and so is the cache of digests; states lie beside."""
    if not WORK.is_dir():
        return
    yield from _locks()
    with contextlib.suppress(ValueError):
        kept = {"results and locks": Path(), "saved states": Path(machine.config().get("resume_root", WORK))}
        shared_by = cluster.nodes()
        for what, place in kept.items():
            kind, _ = mount(place)
            if shared_by > 1 and kind in OWN:
                told = (
                    f"{what} lie on this machine's own disk ({kind}), which {shared_by} nodes of the cluster are to use"
                )
                yield Finding("places", told, f"move {place.absolute()} to a file system that all nodes share")


def _locks() -> Iterator[Finding]:
    kind, options = mount(WORK)
    if alone := ALONE.search(options):
        what = f"{WORK} lies on {kind}, mounted with {alone[0]}: no machine sees the locks of another"
        yield Finding("places", what, f"work from one machine alone, or have it mounted without {alone[0]}")
    elif problem := lock_problem(WORK):
        yield Finding("places", f"locks of files do not hold in {WORK} ({kind}): {problem}", "move the checkout")
    else:
        yield Finding("places", f"locks of files hold in {WORK} ({kind})")
    if problem := cache_problem(WORK):
        yield Finding("places", f"no cache of digests in {WORK} ({kind}): {problem}; every stage reads all its inputs")


def lock_problem(folder: Path) -> str:
    """Why two processes could both hold a lock in this folder; empty where one alone can."""
    import fcntl

    with tempfile.NamedTemporaryFile(dir=folder, prefix=".lock-") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return str(error.strerror)
        second = subprocess.run([sys.executable, "-c", TRY, held.name], capture_output=True, check=False)
        return "" if second.returncode else "two processes hold one"


def cache_problem(folder: Path) -> str:
    """Why SQLite cannot keep a file in this folder; empty where it can."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".cache-") as place:
        try:
            with contextlib.closing(sqlite3.connect(Path(place, "try.sqlite"), timeout=5)) as store, store:
                store.execute("CREATE TABLE kept (key TEXT)")
        except sqlite3.Error as error:
            return str(error)
    return ""


def mount(place: Path) -> tuple[str, str]:
    """(kind, options) of the file system that a path lies on; empty where the system does not say."""
    path, found = Path(os.path.realpath(place)), {}
    with contextlib.suppress(OSError):
        for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
            _, where, kind, options, *_ = line.split(" ")
            # Blanks and the like are written as \040; what is mounted later covers what was before.
            where = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), where)
            found[Path(where)] = kind, options
    return next((found[one] for one in (path, *path.parents) if one in found), ("", ""))
