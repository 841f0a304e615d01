"""A small project to be killed: the real train verb, engine, runner, Snakefile and graph over the engine tests' GAN."""

import os
import shutil
import subprocess
from pathlib import Path

from stages.train import module_of
from tests.house.toy_graph import BIN, COPIED, GRAPH, ROOT, ToyGraph

FOR_TRAINING = '''

class Pausing(ToySource):
    """Stops in the midst of training, where asked to, until told to go on."""

    def batch(self, step):
        if step == 40 and Path(".work/pause").exists():
            Path(".work/pause").unlink()
            os.kill(os.getpid(), signal.SIGSTOP)
        return super().batch(step)


def for_training(numbers, inputs, seed, world):
    """Says that training begins, for whoever wants to kill it, and stops until told to go on."""
    Path(".work/working").write_text(str(os.getpid()))
    if Path(".work/stop").exists():
        os.kill(os.getpid(), signal.SIGSTOP)
    return Toy(numbers, seed, world), Pausing(numbers, seed, world)
'''

# Writes many files, so that a publish takes long enough to be hit, and says when its own work is over.
COPY = '''
"""Copies the model into many files, or tells its size in final ones."""
import os
import signal
from pathlib import Path
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    files: int

def {verb}(job):
    weights = (job.inputs["model"] / "weights.safetensors").read_bytes()
    if job.files:
        for suffix in job.files:
            (job.out / f"{{job.name}}.{{suffix}}").write_text(f"{{len(weights)}} {{sum(weights)}} bytes\\n" * 1000)
    else:
        for number in range(job.block.files):
            (job.out / f"part_{{number:02d}}.bin").write_bytes(weights[number:] + weights[:number])
    Path(".work/working").write_text(str(os.getpid()))
    if Path(".work/stop").exists():
        os.kill(os.getpid(), signal.SIGSTOP)

if __name__ == "__main__":
    run_stage("{verb}", {verb}, choices=("paper", "what"))
'''

SHARED = """
costs:
  train: {torch: 1}

stages: {}
"""

PAPER = """
stages:
  train:
    desc: a toy
    train: toy
    seed: 7
    layers: [model]
    out: model/toy

  measure:
    desc: a folder of many files
    measure: pack
    layers: [pack]
    in: {model: model/toy}
    out: score/toy

  tabulate:
    desc: final files
    tabulate: pack
    layers: [pack]
    in:
      model: model/toy
      pack: score/toy
    out: tables/toy
    files: [csv, md]
"""

PARAMS = """
profile: demo
toys:
  model:
    base: {iterations: 150, ema_half_life_images: 40.0, ema_ramp: 0.5, precision: fp32, channels_last: false,
      tick_every: 20, keep_every: 10, batch: 8, penalty: 2.0, penalty_every: 4, schedule_to: 0.1}
  pack: {base: {files: 60}}
"""

# By verb: each is a stage of the paper `toys`.
STAGES = {
    "train": "results/store/demo/model/toys/toy",
    "measure": "results/store/demo/score/toys/toy",
    "tabulate": "results/tables/toy",
}


PATIENCE_S = 1800.0


class PatientGraph(ToyGraph):
    """A toy graph on a machine that may be busy with other kills."""

    def environment(self) -> dict[str, str]:
        """What an engine or a stage is started with."""
        env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        env.pop("PYTHONPATH", None)
        return env

    def call(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs a program of this environment inside the project."""
        return subprocess.run(
            [str(BIN / program), *words], cwd=self.folder, env=self.environment(), capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip


class Killable(PatientGraph):
    """train → measure (a folder of many files) → tabulate (final files)."""

    copied = (*COPIED, "stages/train.py", "stages/engine")

    def sources(self) -> dict[str, str]:
        method = (ROOT / "tests/engine/toy.py").read_text(encoding="utf-8") + FOR_TRAINING
        paper, place = "stages/papers/toys", Path(module_of({"paper": "toys", "method": "toy"}).replace(".", "/"))
        return {
            "envs/core.lock": "six==1.16.0\n",
            **{f"{name}/__init__.py": '"""A paper of tests."""\n' for name in list(place.parents)[:-2]},
            f"{place}.py": method,
            **{f"stages/{verb}.py": COPY.format(verb=verb) for verb in ("measure", "tabulate")},
            "params.yaml": PARAMS,
            GRAPH: SHARED,
            f"{paper}/graph.yaml": PAPER,
            f"{paper}/captions/toy.rst": "A toy table.\n",
        }

    @classmethod
    def copy_of(cls, other: "Killable", folder: Path) -> "Killable":
        """The same tree elsewhere, with what was made in it and what the engines know of it."""
        shutil.copytree(other.folder, folder, symlinks=True)
        tree = cls.__new__(cls)
        tree.folder = folder
        return tree

    def words(self, verb: str) -> list[str]:
        """The command of one stage, without `exec python`."""
        from stages import graph

        return graph.find(graph.load(self.folder), [f"toys_{verb}"])[0].cmd.removeprefix("exec python ").split()

    def by_hand(self, verb: str) -> subprocess.CompletedProcess[str]:
        """Runs one stage's command without an engine."""
        return self.call("python", *self.words(verb))

    def start_by_hand(self, verb: str) -> subprocess.Popen:
        """Starts it in the background."""
        words = [str(BIN / "python"), *self.words(verb)]
        return subprocess.Popen(words, cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL)
