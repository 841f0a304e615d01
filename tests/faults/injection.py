"""Run as a program in a toy project: its stage in forked children, each of which meets a fault at one disk operation.

    python injection.py kill|full STAGE-ARGUMENTS…

Child n is hit at its n-th change of the disk: `kill` is SIGKILL (in the middle of a write, half of it done), `full` is
ENOSPC there and at every later write, as on a disk that stays full. Afterwards the stage runs undisturbed. One line of
JSON a child tells what was hit, the exit code, what was said, and what lay under results/ after the fault and after
the undisturbed run; then results/ is put back. A child that nothing hits ends the series.
"""

import builtins
import errno
import io
import json
import os
import runpy
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("results")
KEPT = Path(".work/before")


class Fault:
    """Counts operations, and strikes at the chosen one."""

    def __init__(self, kind: str, number: int) -> None:
        self.kind, self.left, self.full = kind, number, False

    def meet(self, name: str, writes: bool, half=lambda: None) -> None:
        """Before an operation: nothing, SIGKILL, or ENOSPC; `half` does a part of it first."""
        self.left -= 1
        if self.left == 0:
            os.write(3, name.encode())
            if self.kind == "kill":
                half()
                os.kill(os.getpid(), signal.SIGKILL)
            self.full = True
            half()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)
        if self.full and writes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)


def arm(fault: Fault) -> None:
    """Puts the fault in front of everything by which the runner and a stage change the disk."""

    class File(io.FileIO):
        def write(self, content) -> int:
            content = bytes(content)
            fault.meet(f"write {self.name}", True, lambda: super(File, self).write(content[: len(content) // 2]))
            return super().write(content)

    def opened(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
        if not set(mode) & set("wax+"):
            return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)
        if not os.path.exists(file):
            fault.meet(f"create {file}", True)
        raw = File(file, mode.replace("b", "").replace("t", ""), closefd, opener)
        stream = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        return stream if "b" in mode else io.TextIOWrapper(stream, encoding, errors, newline)

    real_open = io.open
    io.open = builtins.open = opened
    for name, writes in (("mkdir", True), ("fsync", True), ("rename", False), ("replace", False), ("unlink", False),
                         ("rmdir", False)):  # fmt: skip
        # A full disk has no objection to removing.
        if fault.kind == "kill" or name not in ("unlink", "rmdir"):
            setattr(os, name, _met(fault, getattr(os, name), name, writes))


def _met(fault: Fault, real, name: str, writes: bool):
    def call(*arguments, **options):
        if not (name == "mkdir" and os.path.isdir(arguments[0])):
            fault.meet(f"{name} {arguments[0]}", writes)
        return real(*arguments, **options)

    return call


def child(kind: str, number: int, words: list[str]) -> tuple[str, int, str]:
    """(what was hit, exit code, what it said on stderr) of one run; number 0 is never hit."""
    reading, writing = os.pipe()
    process = os.fork()
    if process == 0:
        os.dup2(writing, 3)
        said = os.open(".work/said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(said, 2)
        arm(Fault(kind, number))
        # The engine's log lies on the same disk.
        sys.stdout = open(".work/log", "w")  # noqa: SIM115
        print("begun")
        sys.argv = ["toy", *words]
        runpy.run_module("stages.toy", run_name="__main__", alter_sys=True)
        os._exit(0)
    os.close(writing)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with os.fdopen(reading, "rb") as stream:
        hit = stream.read().decode()
    return hit, status, Path(".work/said").read_text()


def tree() -> dict[str, str]:
    """Every file and empty folder under results/, hidden ones too."""
    found = {path.as_posix(): path for path in sorted(ROOT.rglob("*"))}
    empty = {name: "" for name, path in found.items() if path.is_dir() and not any(path.iterdir())}
    return empty | {name: path.read_text() for name, path in found.items() if path.is_file()}


@contextmanager
def restored() -> Iterator[None]:
    """Puts results/ back afterwards."""
    shutil.rmtree(KEPT, ignore_errors=True)
    shutil.copytree(ROOT, KEPT)
    yield
    shutil.rmtree(ROOT)
    shutil.copytree(KEPT, ROOT)


def main(kind: str, words: list[str]) -> None:
    """All numbers in turn."""
    # What a stage imports and Python compiles is no work of the stage: done before the children are forked.
    import stages.runner.main  # noqa: F401

    number, hit = 0, "begin"
    while hit:
        number += 1
        with restored():
            hit, code, said = child(kind, number, words)
            line = {"hit": hit, "code": code, "said": said, "tree": tree()}
            again = child(kind, 0, words)
            line |= {"again": again[1], "after": tree()}
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    sys.path[0] = os.getcwd()
    main(sys.argv[1], sys.argv[2:])
