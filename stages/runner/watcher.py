"""A small process beside each stage, which tells of a death that the stage cannot tell: by SIGKILL, SIGBUS, SIGSEGV, ….

It is forked before anything large is imported and before any lock is taken, and keeps nothing but its end of a pipe and
the stage's stderr, so that neither locks nor an engine's pipe outlive the stage. The stage stays the process that the
engine started: its number, its signals and its exit status are its own.
"""

import contextlib
import faulthandler
import fcntl
import json
import os
import re
import select
import signal
import struct
import sys
import time
from collections.abc import Callable

from stages.runner import terminal
from stages.runner.exits import KILLED
from stages.runner.machine import log_run

# What faulthandler writes of each signal that it catches.
WORDS = {
    "Segmentation fault": signal.SIGSEGV, "Bus error": signal.SIGBUS, "Aborted": signal.SIGABRT,
    "Floating-point exception": signal.SIGFPE, "Illegal instruction": signal.SIGILL,
}  # fmt: skip
CRASHED = (
    "a library crashed over a damaged file, or does not fit this machine: restore the file that the lines below speak "
    "of, or run `make setup` and `retrace doctor`; then run the stage again"
)
REMEDIES: dict[int, str] = {
    signal.SIGKILL: "most often the kernel's answer to a lack of memory: run fewer stages at once (snakemake "
    "--cores 1), or give it more memory; then run it again, it goes on from what it saved",
    signal.SIGBUS: "a file that it read as memory is shorter than it was, or its disk fails: restore the file that the "
    "lines below speak of, then run the stage again",
    **dict.fromkeys((signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL), CRASHED),
}
IGNORED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1)
# Limits of the watcher itself, which must never keep an engine waiting.
FATE_SECONDS, REPORT_SECONDS, STACK_CHARACTERS = 1.0, 10, 3000
# linux/pidfd.h, from Linux 6.15 on: how a process ended, also after it was collected.
PIDFD_GET_INFO, INFO_BYTES, INFO_EXIT, EXIT_CODE_AT = 0xC040FF0B, 64, 1 << 3, 60


class Watcher:
    """The stage's side: `start` first of all, `tell` what is known of the run, `dismiss` once the end has been told."""

    def __init__(self, verb: str) -> None:
        self._verb, self._process, self._pipe = verb, 0, -1

    def start(self) -> None:
        """Forks the watcher; from here on a fatal signal writes where it struck into the pipe. Raises: OSError."""
        stage, started = os.getpid(), time.time()
        reading, self._pipe = os.pipe()
        self._process = os.fork()
        if self._process == 0:
            try:
                _watch(reading, stage, lambda *found: _report(self._verb, started, *found))
            finally:
                os._exit(0)
        os.close(reading)
        faulthandler.enable(self._pipe)

    def tell(self, **facts: object) -> None:
        """What the run record will hold: stage, fingerprint, resume, gpus."""
        # A watcher that somebody killed is not worth a stage.
        with contextlib.suppress(OSError):
            os.write(self._pipe, json.dumps(facts).encode() + b"\n")

    def dismiss(self) -> None:
        """Ends the watcher: the stage itself has told how it ended."""
        if self._process:
            # What crashes from here on, at the interpreter's end, has nobody else to tell it.
            if sys.__stderr__ is not None:
                faulthandler.enable(sys.__stderr__)
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(self._process, signal.SIGKILL)
                os.waitpid(self._process, 0)
            os.close(self._pipe)


def _watch(reading: int, stage: int, report: Callable[[bytes, int | None], None]) -> None:
    """Waits for the stage's end and reports it."""
    # Whoever ends the stage's group, or looks for it by its folder, does not mean this process.
    os.setsid()
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.dup2(reading, 3)
    os.dup2(os.open(".", os.O_RDONLY), 4)
    os.closerange(5, os.sysconf("SC_OPEN_MAX"))
    os.chdir("/")
    try:
        process = os.pidfd_open(stage)
    except (AttributeError, OSError):
        process = -1
    content = _listen(3, process)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(REPORT_SECONDS)
    os.fchdir(4)
    report(content, _fate(stage, process))


def _listen(pipe: int, process: int) -> bytes:
    """All that comes through the pipe until the stage is gone; a child of the stage may hold the pipe for longer."""
    poll, content = select.poll(), b""
    for number in (pipe, process):
        if number >= 0:
            poll.register(number, select.POLLIN)
    while True:
        ready = [number for number, _ in poll.poll()]
        if pipe not in ready:
            return content
        chunk = os.read(pipe, 1 << 16)
        if not chunk:
            return content
        content += chunk


def _fate(stage: int, process: int) -> int | None:
    """The exit code, negative for a signal; None where the engine collected the stage and the kernel keeps no note."""
    end = time.monotonic() + FATE_SECONDS
    while time.monotonic() < end:
        try:
            with open(f"/proc/{stage}/stat", "rb") as stream:
                fields = stream.read().rpartition(b")")[2].split()
            if fields[0] in (b"Z", b"X"):
                return os.waitstatus_to_exitcode(int(fields[-1]))
        except OSError:
            return _kept(process)
        time.sleep(0.002)
    return None


def _kept(process: int) -> int | None:
    """What the kernel keeps of a process that was collected."""
    content = bytearray(struct.pack("<Q", INFO_EXIT).ljust(INFO_BYTES, b"\0"))
    try:
        fcntl.ioctl(process, PIDFD_GET_INFO, content)
    except OSError:
        return None
    known = struct.unpack_from("<Q", content)[0] & INFO_EXIT
    return os.waitstatus_to_exitcode(struct.unpack_from("<i", content, EXIT_CODE_AT)[0]) if known else None


def _report(verb: str, started: float, content: bytes, fate: int | None) -> None:
    """One message into the stage's log, and a record among its runs."""
    facts: dict = {}
    stack = []
    for line in content.decode(errors="replace").splitlines():
        if line.startswith("{"):
            facts |= json.loads(line)
        else:
            stack.append(line)
    failure, code = _told("\n".join(stack), fate)
    text = "\n".join([f"{facts.get('stage', verb)}: {failure}", *stack])[:STACK_CHARACTERS] + "\n"
    text = terminal.safe(text)
    # A pipe that nobody empties must not hold this process, and with it the engine.
    poll = select.poll()
    poll.register(2, select.POLLOUT)
    if poll.poll(1000):
        with contextlib.suppress(OSError):
            os.write(2, text.encode())
    if "stage" in facts:
        with contextlib.suppress(OSError):
            run = {"fingerprint": "", "resume": "", "gpus": [], **facts}
            log_run(started=started, code=code, failure=failure, used={}, **run)


def _told(stack: str, fate: int | None) -> tuple[str, int]:
    """(what to tell, the code for the record) of a stage that did not tell itself how it ended."""
    struck = re.search(r"^Fatal Python error: (.+)$", stack, re.MULTILINE)
    if fate is None and struck and struck[1] in WORDS:
        fate = -WORDS[struck[1]]
    if fate is not None and fate >= 0:
        return f"it ended with code {fate} and said nothing: a library ended it; run it again", fate
    number = signal.SIGKILL if fate is None else -fate
    name = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
    remedy = REMEDIES.get(signal.SIGKILL if fate is None else number, "run it again, it goes on from what it saved")
    # Only SIGKILL leaves neither a stack nor a word.
    return f"killed by {name}{' as far as can be told' if fate is None else ''}: {remedy}", KILLED + number
