"""SIGKILL at random moments of real runs of real engines, chained, until the result is there."""

import contextlib
import hashlib
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from stages.runner.receipt import verify_output
from tests.faults.killable import PATIENCE_S, STAGES, Killable
from tests.house.toy_graph import BIN

# Of the moments in training, this share falls into its start (imports, reading the state), the others into its steps.
SHARE_OF_STARTS = 0.2


@dataclass
class Tally:
    """What a series of kills came to: how many hit, by whom they were aimed at and where, and what disagreed."""

    landed: Counter = field(default_factory=Counter)
    missed: int = 0
    compared: int = 0
    faults: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """For people."""
        by = [f"  {count:3d} in {where}, on the {whom}" for (where, whom), count in sorted(self.landed.items())]
        return [
            *by, f"  {self.missed} came after the stage had ended", f"  {self.compared} finished trees compared",
            *(f"  FAULT {fault}" for fault in self.faults),
        ]  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """An uninterrupted run: every byte of it, and how long each stage worked."""

    tree: Killable
    results: dict[str, bytes]
    seconds: dict[str, float]


def reference(folder: Path) -> Reference:
    """Runs all stages once, without an engine, and nothing disturbs it."""
    tree, seconds = Killable(folder), {}
    for verb, out in STAGES.items():
        done = tree.by_hand(verb)
        ended = time.time()
        assert done.returncode == 0, done.stderr
        seconds[verb] = ended - (folder / ".work/working").stat().st_mtime
        assert list(folder.glob(f"{out}*"))
    return Reference(tree, tree.results(), seconds)


class Killer:
    """Starts one engine again and again in one tree, and kills."""

    def __init__(self, engine: str, tree: Killable, seconds: dict[str, float], chosen: random.Random) -> None:
        self.engine, self.tree, self.seconds, self.chosen = engine, tree, seconds, chosen
        self.log = tree.folder / f"{engine}.log"

    def start(self, verb: str, stopping: bool = True) -> subprocess.Popen:
        """The engine, in a process group of its own, told to make what one stage makes.

        The stage stops where its work begins or ends, so that the kill finds it there however busy the machine is.
        """
        (self.tree.folder / ".work").mkdir(exist_ok=True)
        (self.tree.folder / ".work/working").unlink(missing_ok=True)
        (self.tree.folder / ".work/stop").unlink(missing_ok=True)
        if stopping:
            (self.tree.folder / ".work/stop").touch()
        out = STAGES[verb] + (".csv" if verb == "tabulate" else "")
        words = ["snakemake", "--cores", "1", out] if self.engine == "snakemake" else ["dvc", "repro", f"toys_{verb}"]
        with self.log.open("w") as log:
            return subprocess.Popen(
                [str(BIN / words[0]), *words[1:]], cwd=self.tree.folder, env=self.tree.environment(), stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def finish(self, verb: str) -> str:
        """Runs to the end; what the engine said if it did not get there."""
        self._unlock()
        engine = self.start(verb, stopping=False)
        return "" if engine.wait(PATIENCE_S) == 0 else self.log.read_text()[-3000:]

    def kill(self, verb: str, whom: str) -> str:
        """One run, killed at a random moment; where it was hit, or nothing if it had ended."""
        self._unlock()
        engine = self.start(verb)
        early = verb == "train" and self.chosen.random() < SHARE_OF_STARTS
        stage = self.await_stage(engine, verb, early)
        if stage is None:
            engine.wait(PATIENCE_S)
            return ""
        time.sleep(self.chosen.uniform(0, self.seconds[verb]))
        # The stage may have gone from its imports to its steps meanwhile.
        where = (
            "the start of training" if early and not self._working() else {"train": "training"}.get(verb, "publishing")
        )
        hit = running(stage, verb)
        try:
            os.kill(stage, signal.SIGKILL) if whom == "stage" else os.killpg(engine.pid, signal.SIGKILL)
        except ProcessLookupError:
            hit = False
        code = engine.wait(PATIENCE_S)
        until(lambda: not running(stage, verb), f"{verb} outlived its engine")
        return where if hit and code != 0 else ""

    def await_stage(self, engine: subprocess.Popen, verb: str, early: bool) -> int | None:
        """The stage's process once it has begun its work and goes on, or `early` as soon as it is there; None if the
        engine ends."""
        end = time.monotonic() + PATIENCE_S
        while engine.poll() is None:
            assert time.monotonic() < end, f"{verb} never began: {self.log.read_text()[-2000:]}"
            stage = self._working()
            if stage and state(stage) == "T":
                os.kill(stage, signal.SIGCONT)
                return stage
            if stage is None and early and (stage := self._started(verb)):
                return stage
            time.sleep(0.002)
        return None

    def _started(self, verb: str) -> int | None:
        """A process of this stage in this tree, if only its imports."""
        here = str(self.tree.folder.resolve())
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.readlink(place / "cwd") == here and running(int(place.name), verb):
                    return int(place.name)
        return None

    def _working(self) -> int | None:
        mark = self.tree.folder / ".work/working"
        text = mark.read_text() if mark.is_file() else ""
        return int(text) if text else None

    def _unlock(self) -> None:
        """What `retrace doctor` tells to do after an engine was killed; a whole lock file DVC frees by itself."""
        if self.engine == "snakemake" and any((self.tree.folder / ".snakemake/locks").glob("*")):
            done = self.tree.snakemake("--unlock")
            assert done.returncode == 0, done.stderr
        told = self.tree.retrace("doctor", "--json").stdout if self.engine == "dvc" else ""
        for name in (".dvc/tmp/rwlock", "dvc.lock"):
            if f"{name} was cut off when DVC was killed" in told:
                (self.tree.folder / name).unlink()

    def half_published(self, verb: str) -> list[str]:
        """Whatever a kill left under its final name must be whole, and its receipt speak of exactly these bytes."""
        out = self.tree.folder / STAGES[verb]
        receipt = out / "receipt.json" if verb != "tabulate" else self.tree.folder / "results/receipts/toy.json"
        if verb != "tabulate" and out.exists() and not receipt.is_file():
            return [f"{STAGES[verb]} has no receipt"]
        before = Path.cwd()
        os.chdir(self.tree.folder)
        try:
            return verify_output(receipt) if receipt.is_file() else []
        finally:
            os.chdir(before)


def state(process: int) -> str:
    """The kernel's letter for what a process does: T is stopped, Z is dead and not yet collected; empty if gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def running(process: int, verb: str) -> bool:
    """Whether the process is this stage and lives; a zombie is dead."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return f"stages.{verb}".encode() in words and state(process) not in ("", "Z")


def until(condition: Callable[[], bool], message: str, seconds: float = 300.0) -> None:
    """Waits for a condition."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, message
        time.sleep(0.01)


def series(
    engine: str,
    whole: Reference,
    folder: Path,
    kills: int,
    seed: int,
    base: Killable | None = None,
    say=lambda text: None,
) -> tuple[Tally, Killable]:
    """Chains of kills, half on the stage and half on the engine's group; the tally and the last tree.

    Without `base` the training is killed, in fresh trees; with it, the publishes that come after the training that
    `base` holds. A chain ends when a stage outran its kill; then all is made to its end and compared.
    """
    verbs = ("measure", "tabulate") if base else ("train",)
    chosen = random.Random(f"{engine} {verbs} {seed}")
    aims = ["stage", "engine's group"] * ((kills + 1) // 2)
    chosen.shuffle(aims := aims[:kills])
    tally, tree = Tally(), base
    for chain in range(4 * kills):
        if not aims:
            return tally, tree
        place = folder / f"{engine} {verbs[0]} {chain}"
        tree = Killable.copy_of(base, place) if base else Killable(place)
        killer = Killer(engine, tree, whole.seconds, chosen)
        for verb in verbs:
            # The first of two stages takes half of what is left.
            last = len(aims) // 2 if verb != verbs[-1] else 0
            while len(aims) > last:
                where = killer.kill(verb, aims[-1])
                tally.faults += killer.half_published(verb)
                if not where:
                    tally.missed += 1
                    break
                tally.landed[where, aims.pop()] += 1
                say(f"{engine}: {kills - len(aims)} of {kills} kills; killed in {where}")
            if told := killer.finish(verb):
                tally.faults.append(told)
        tally.faults += _differences(whole.results, tree.results(), only=STAGES["train"] if base is None else "")
        tally.compared += 1
    raise AssertionError(f"{engine}: the stages end before they can be killed: {tally.lines()}")


def _differences(theirs: dict[str, bytes], ours: dict[str, bytes], only: str) -> list[str]:
    """Paths whose bytes are not those of the uninterrupted run; receipts and leftovers of killed runs count too."""
    if only:
        kept = {f"results/receipts/{hashlib.sha256(theirs[f'{only}/receipt.json']).hexdigest()}.json"}
        kept |= {f"results/receipts/current/{only.replace('/', '~')}"}
        theirs = {name: content for name, content in theirs.items() if name.startswith(only) or name in kept}
    return [f"{name} differs" for name in sorted(theirs.keys() | ours.keys()) if theirs.get(name) != ours.get(name)]
