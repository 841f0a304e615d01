"""Complete outputs or none: written under a temporary name, flushed, renamed.

The receipt is kept before the last rename: an engine that finds a complete output runs its stage no more.
"""

import os
import re
import shutil
from pathlib import Path

from stages.durable import flush_folder
from stages.runner import lock, receipt
from stages.runner.exits import RETRY, StageFailure

MANY_FILES = 64


def temporary(out: Path) -> Path:
    """A fresh folder beside the output, on the same file system; leftovers of killed runs of this stage are removed.

    The caller holds the stage's lock, so no living run owns a leftover, unless somebody removed its lock.

    Raises: StageFailure 75 where that is so.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    # Not by a pattern with a star: the output a must not sweep what a running stage writes for a.b.
    left = re.compile(rf"\.{re.escape(out.name)}\.\d+\.(tmp|old)")
    for leftover in sorted(path for path in out.parent.iterdir() if left.fullmatch(path.name)):
        process = int(leftover.name.split(".")[-2])
        if lock.is_run_of(process, out):
            told = f"process {process} is making {out}, though its lock was removed; run this again when it has ended"
            raise StageFailure(RETRY, told)
        shutil.rmtree(leftover)
    folder = out.parent / f".{out.name}.{os.getpid()}.tmp"
    folder.mkdir()
    return folder


def flush(folder: Path) -> None:
    """Forces every file and folder below to disk; many small files by one flush of everything, which is far quicker."""
    if sum(len(files) for _, _, files in os.walk(folder)) > MANY_FILES:
        os.sync()
        return
    for root, _, files in os.walk(folder):
        for name in files:
            with Path(root, name).open("rb") as stream:
                os.fsync(stream.fileno())
        flush_folder(Path(root))


def publish_folder(made: Path, out: Path, content: dict) -> None:
    """Puts a folder, its receipt inside, in place of the output."""
    receipt.write(made / "receipt.json", receipt.encode(content))
    flush(made)
    if os.path.lexists(out):
        old = out.parent / f".{out.name}.{os.getpid()}.old"
        out.rename(old)
        try:
            receipt.keep(content)
            made.rename(out)
        except OSError:
            old.rename(out)
            raise
        # Of a link the link goes, never what it leads to.
        old.unlink() if old.is_symlink() else shutil.rmtree(old)
    else:
        receipt.keep(content)
        made.rename(out)
    flush_folder(out.parent)


def publish_files(made: Path, out: Path, content: dict) -> None:
    """Puts final files in place one by one, their receipt last, so that a receipt never speaks of absent files."""
    flush(made)
    # An old receipt beside new files would look like tampering to whoever comes after a kill.
    place = receipt.location(out, is_final=True)
    place.unlink(missing_ok=True)
    for name in sorted(content["outputs"]):
        (made / name).replace(out.parent / name)
    flush_folder(out.parent)
    made.rmdir()
    receipt.keep(content)
    receipt.write(place, receipt.encode(content))
