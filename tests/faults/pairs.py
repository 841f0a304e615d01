"""Two engines at once in one checkout, started and killed at random moments: no stage is made twice at a time."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.killable import PATIENCE_S, PatientGraph
from tests.faults.kills import state
from tests.house.toy_graph import BIN

# Every execution notes its begin and its end by its stage's address, for raw data and a table may share their last
# word; one hangs in between if it is told to.
NOTED = """
    import os, time
    with open(".work/executions", "a") as stream:
        stream.write(f"begin {job.verb}/{job.name} {os.getpid()}\\n")
    hang = Path(".work/hang")
    if hang.exists():
        hang.unlink()
        time.sleep(600)
    time.sleep(0.3)
    read = ["""
ENDED = """
    with open(".work/executions", "a") as stream:
        stream.write(f"end {job.verb}/{job.name} {os.getpid()}\\n")

if __name__"""
COMMANDS = {
    "snakemake": ["snakemake", "--cores", "1", "results/tables/cub.csv"],
    "dvc": ["dvc", "repro", "toy_tabulate@cub"],
}
VERBS = ("render", "train", "tabulate")
# Kills fall within what two engines take for the toy; half of the pairs are left alone.
WITHIN_S = 4.0


def noted(folder: Path) -> PatientGraph:
    """A toy project whose stages note what they do."""
    tree = PatientGraph(folder)
    for verb in VERBS:
        tree.edit(f"stages/{verb}.py", "\n    read = [", NOTED)
        tree.edit(f"stages/{verb}.py", "\nif __name__", ENDED)
    tree.make_graph()
    (folder / ".work").mkdir(exist_ok=True)
    return tree


def started(tree: PatientGraph, engine: str, number: int) -> tuple[subprocess.Popen, Path]:
    """An engine at work in a process group of its own, and its log."""
    log = tree.folder.parent / f"{tree.folder.name} {number}.log"
    with log.open("w") as stream:
        words = [str(BIN / COMMANDS[engine][0]), *COMMANDS[engine][1:]]
        return subprocess.Popen(
            words, cwd=tree.folder, env=tree.environment(), stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        ), log  # fmt: skip


def overlaps(lines: list[str], died: dict[str, float], moments: dict[str, float]) -> list[str]:
    """Which stages were begun while a living process made them.

    An execution ends with its note, or with the death of its process (`died`, by process); `moments` says when each
    began.
    """
    at_work: dict[str, str] = {}
    found = []
    for line in lines:
        what, stage, process = line.split()
        holder = at_work.get(stage)
        if what == "end":
            found += [] if holder == process else [f"{stage} was ended by {process} while {holder} made it"]
            at_work.pop(stage, None)
        elif holder is not None and not died.get(holder, float("inf")) <= moments.get(process, 0.0):
            found.append(f"{stage} was begun by {process} while {holder} made it")
        if what == "begin":
            at_work[stage] = process
    return found


@dataclass
class Watched:
    """When processes that make stages began and died, as one looks at the notes again and again."""

    tree: PatientGraph
    began: dict[str, float] = field(default_factory=dict)
    died: dict[str, float] = field(default_factory=dict)

    def look(self) -> list[str]:
        """The notes so far."""
        now, place = time.monotonic(), self.tree.folder / ".work/executions"
        lines = place.read_text().splitlines() if place.is_file() else []
        for process in {line.split()[2] for line in lines if line.count(" ") == 2}:
            self.began.setdefault(process, now)
            if process not in self.died and state(int(process)) in ("", "Z"):
                self.died[process] = now
        return lines


def pairs(folder: Path, count: int, seed: int, say: Callable[[str], None] = print) -> tuple[int, list[str]]:
    """(kills that landed, faults) of `count` random pairs, each from an empty tree."""
    chosen, faults, landed = random.Random(f"pairs {seed}"), [], 0
    tree = noted(folder / "tree")
    whole: dict[str, bytes] | None = None
    for number in range(count):
        for place in ("results", ".snakemake", ".dvc/tmp", ".dvc/cache", "dvc.lock", ".work/executions", ".work/locks"):
            path = tree.folder / place
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        watched, kind = Watched(tree), [chosen.choice(tuple(COMMANDS)) for _ in range(2)]
        delay, victim = chosen.uniform(0, 2), chosen.choice((None, None, 0, 1))
        moment, whom = chosen.uniform(0.5, WITHIN_S), chosen.choice(("group", "stage"))
        began, engines = time.monotonic(), [started(tree, kind[0], 0)[0]]
        while any(engine.poll() is None for engine in engines) or len(engines) < 2:
            past = time.monotonic() - began
            lines = watched.look()
            if len(engines) < 2 and past > delay:
                engines.append(started(tree, kind[1], 1)[0])
            if victim is not None and past > moment and victim < len(engines):
                landed += _kill(engines[victim], lines, whom)
                victim = None
            if past > PATIENCE_S:
                faults.append(f"pair {number}: {kind} never ended")
                for engine in engines:
                    os.killpg(engine.pid, signal.SIGKILL)
            time.sleep(0.01)
        _wait_for_stages(watched)
        faults += [f"pair {number} {kind}: {told}" for told in overlaps(watched.look(), watched.died, watched.began)]
        if all(engine.returncode == 0 for engine in engines):
            made = tree.results()
            whole = whole or made
            faults += [] if made == whole else [f"pair {number} {kind}: other bytes than the first pair made"]
        if (number + 1) % 10 == 0:
            say(f"{number + 1} of {count} pairs, {landed} kills landed, {len(faults)} faults")
    return landed, faults


def _kill(engine: subprocess.Popen, lines: list[str], whom: str) -> int:
    """SIGKILL of an engine with all its processes, or of the stage that works; 1 where it hit."""
    open_ones = {line.split()[2] for line in lines if line.startswith("begin")}
    open_ones -= {line.split()[2] for line in lines if line.startswith("end")}
    with contextlib.suppress(ProcessLookupError):
        if whom == "stage" and open_ones:
            os.kill(int(sorted(open_ones)[0]), signal.SIGKILL)
            return 1
        if engine.poll() is None:
            os.killpg(engine.pid, signal.SIGKILL)
            return 1
    return 0


def _wait_for_stages(watched: Watched, seconds: float = 60.0) -> None:
    """Orphans of a killed engine end by themselves."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        watched.look()
        if all(process in watched.died for process in watched.began):
            return
        time.sleep(0.05)
