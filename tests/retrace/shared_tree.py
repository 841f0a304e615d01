"""A toy project whose results are shared by DVC, with what DVC shows: a curve, a table's numbers, a model by name."""

import os
import re
import shlex
import subprocess
from pathlib import Path

from tests.house.toy_graph import BIN, OWN, OWN_GRAPH, PAPER, ROOT, ToyGraph
from tests.retrace.toy_tree import Tree

GROUP, TABLE = "toy_tabulate@cub", "results/tables/cub.csv"
MODEL = "results/store/demo/model/toy/cub_0"
VALUES = """
toy:
  train:
    base:
      rate: 1.0e-4                  # supp §1, as printed
      steps: 10                     # ours (gap G1), enough
    profile: {demo: {steps: 2}, smoke: {}, lite: {}, paper: {}}
  table:
    base:
      digits: 3                     # ours (gap G2)
"""
TRAIN = '''
"""Writes its steps, and a curve of one term."""
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    rate: float
    steps: int

def train(job):
    (job.out / "made.txt").write_text(f"{job.name} {job.block}\\n")
    lines = [f"{step},{step},loss,{job.block.rate / step}" for step in range(1, job.block.steps + 1)]
    (job.out / "curve.csv").write_text("\\n".join(["step,images,term,value", *lines]) + "\\n")

if __name__ == "__main__":
    run_stage("train", train, choices=("paper", "method", "seed"))
'''
TABULATE = '''
"""One number, rounded, in the form of the house's tables."""
from stages.block import Block as Base
from stages.draw.metrics import add_asked
from stages.runner import run_stage

class Block(Base):
    digits: int

def tabulate(job):
    lines = ["method,dataset,metric,ours", f"plain,{job.name},share,{round(2 / 3, job.block.digits)}"]
    texts = {"csv": "\\n".join(lines) + "\\n", "md": "a table\\n"}
    for suffix, text in add_asked(texts, job.files).items():
        (job.out / f"{job.name}.{suffix}").write_text(text)

if __name__ == "__main__":
    run_stage("tabulate", tabulate, choices=("paper", "what"))
'''


class SharedTree(Tree):
    """Under git, committed by somebody with a name."""

    copied = (*Tree.copied, "stages/draw/__init__.py", "stages/draw/metrics.py")

    def __init__(self, folder: Path, made: bool = True) -> None:
        super().__init__(folder, made)
        for key, value in (("user.name", "t"), ("user.email", "t@t"), ("commit.gpgsign", "false")):
            self.git("config", key, value)

    def sources(self) -> dict[str, str]:
        graph = PAPER.replace("files: [csv, md]", "files: [csv, md, metrics.json]").replace(
            "    out: model/${item.set}_${item.seed}\n",
            "    out: model/${item.set}_${item.seed}\n    artifact: {set: [cub], seed: [0]}\n",
        )
        own = {"stages/train.py": TRAIN, "stages/tabulate.py": TABULATE, OWN: VALUES, OWN_GRAPH: graph}
        return ToyGraph.sources(self) | own

    def clone(self, folder: Path) -> "SharedTree":
        subprocess.run(["git", "clone", "-q", str(self.folder), str(folder)], check=True)
        return SharedTree(folder, made=False)

    def shell(self, text: str, **names: str) -> subprocess.CompletedProcess[str]:
        """Runs lines as a person types them, each of which must succeed."""
        environment = {**os.environ, **names, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        environment |= {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(self.folder)}
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", RETRACE + text]
        return subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300)


# The installed command is the project's own; here it must be the toy's.
RETRACE = 'retrace() { python -m stages.retrace.main "$@"; }\n'


def blocks(section: str) -> list[str]:
    """The fenced blocks of one section of README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    assert text, f"README.md has no section {section}"
    return re.findall(r"(?ms)^```\n(.*?)^```$", text)


def for_the_toy(text: str, store: Path) -> str:
    """README's commands with the toy's names and a remote of our own."""
    text = text.replace("/mnt/store", shlex.quote(str(store))).replace("results/tables/table1.csv", TABLE)
    key = "stages/papers/contrasfill/params/notation.yaml:contrasfill.notation.base.pairs_shown=7 contrasfill_fig02"
    return text.replace(key, f"{OWN}:toy.table.base.digits=4 {GROUP}")
