"""A small project with the real Snakefile, adapter, runner, preflight and `retrace`, but quick toy verbs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COPIED = (
    "Snakefile", ".dvcignore", ".dvc/config", ".dvc/.gitignore", ".gitignore", "profiles", "envs/core.yaml",
    "stages/__init__.py", "stages/block.py", "stages/graph.py", "stages/graph_rules.py", "stages/graph_params.py",
    "stages/homes.py", "stages/preflight.py", "stages/runner", "stages/retrace", "stages/data/__init__.py",
    "stages/data/files.py", "stages/data/needs.py", "stages/data/needed_set.py", "stages/data/needed_weights.py",
    "stages/cards",
)  # fmt: skip

VERB = '''
"""Writes its parameters and what it read."""
from pathlib import Path
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    {fields}

def {verb}(job):
    read = [path.read_text() for folder in job.inputs.values() for path in sorted(Path(folder).rglob("*.txt"))]
    text = "\\n".join([job.verb, *map(str, job.choices.items()), repr(job.block), *read]) + "\\n"
    for name in [f"{{job.name}}.{{suffix}}" for suffix in job.files] or ["made.txt"]:
        (job.out / name).write_text(text)

if __name__ == "__main__":
    run_stage("{verb}", {verb}, choices={choices})
'''

DVC = """
stages:
  preflight:
    matrix: {set: [celebamask_hq, cub]}
    cmd: >-
      exec python -m stages.preflight --need ${item.set}
      --block supply.${item.set}.base supply.${item.set}.profile.${profile}
      --in card=stages/cards/${item.set}.yaml --out results/store/${profile}/preflight/${item.set} --threads 1
    deps: [envs/core.lock, stages/__init__.py, stages/preflight.py, stages/runner, "stages/cards/${item.set}.yaml"]
    params: ["supply.${item.set}.base", "supply.${item.set}.profile.${profile}"]
    outs: ["results/store/${profile}/preflight/${item.set}"]
  render:
    matrix: {set: [celebamask_hq, cub]}
    cmd: >-
      exec python -m stages.render --set ${item.set} --block raw.${item.set}.base
      --in preflight=results/store/${profile}/preflight/${item.set}
      --out results/store/${profile}/raw/${item.set} --threads 1
    deps: [envs/core.lock, stages/render.py, stages/runner, "results/store/${profile}/preflight/${item.set}"]
    params: ["raw.${item.set}.base"]
    outs: ["results/store/${profile}/raw/${item.set}"]
    meta: {mem_mb: 100, runtime_min: 1, disk_mb: 1}
  train:
    matrix: {set: [celebamask_hq, cub], seed: [0, 1]}
    cmd: >-
      exec python -m stages.train --set ${item.set} --seed ${item.seed} --block train.base train.profile.${profile}
      --in raw=results/store/${profile}/raw/${item.set}
      --out results/store/${profile}/model/${item.set}_${item.seed} --threads 1
    deps: [envs/core.lock, stages/train.py, stages/runner, "results/store/${profile}/raw/${item.set}"]
    params: [train.base, "train.profile.${profile}"]
    outs: ["results/store/${profile}/model/${item.set}_${item.seed}"]
    meta: {threads: 1, torch: 1, mem_mb: 100, runtime_min: 1}
  tabulate:
    matrix: {set: [celebamask_hq, cub]}
    cmd: >-
      exec python -m stages.tabulate --block table.base
      --in zero=results/store/${profile}/model/${item.set}_0 one=results/store/${profile}/model/${item.set}_1
      --out results/tables/${item.set} --files csv md --threads 1
    deps: [envs/core.lock, stages/tabulate.py, stages/runner, "results/store/${profile}/model/${item.set}_0",
      "results/store/${profile}/model/${item.set}_1"]
    params: [table.base]
    outs:
      - results/tables/${item.set}.csv: {cache: false}
      - results/tables/${item.set}.md: {cache: false}
      - results/receipts/${item.set}.json: {cache: false}
    meta: {final: true, paper: toy, claim: C1, caption: stages/caption.rst}
"""

PARAMS = """
profile: demo
supply:
  celebamask_hq: {base: {supply: user, root: data/celebamask_hq}, profile: {demo: {supply: drawn}, paper: {}}}
  cub: {base: {supply: user, root: data/cub}, profile: {demo: {supply: drawn}, paper: {}}}
raw:
  celebamask_hq: {base: {count: 3}}
  cub: {base: {count: 4}}
train:
  base: {rate: 1.0e-4, steps: 10}
  profile: {demo: {steps: 2}, paper: {}}
table: {base: {digits: 3}}
"""


class ToyGraph:
    """The project in a folder of its own, under git as DVC wants it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        self.write("envs/core.lock", "six==1.16.0\n")
        self.write("stages/caption.rst", "A toy table.\n")
        self.write("stages/render.py", VERB.format(verb="render", fields="count: int", choices=("set",)))
        self.write(
            "stages/train.py", VERB.format(verb="train", fields="rate: float; steps: int", choices=("set", "seed"))
        )
        self.write("stages/tabulate.py", VERB.format(verb="tabulate", fields="digits: int", choices=()))
        self.write("dvc.yaml", DVC)
        self.write("params.yaml", PARAMS)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def call(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs an engine or python of this environment inside the project."""
        env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
        env.pop("PYTHONPATH", None)
        command = [str(BIN / program), *words]
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, timeout=300)

    def snakemake(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.call("snakemake", *words)

    def dvc(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.call("dvc", *words)

    def retrace(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.call("python", "-m", "stages.retrace.main", *words)

    def results(self) -> dict[str, bytes]:
        """Every output file but the engines' own and the index of receipts."""
        skipped = {".snakemake_timestamp", ".gitignore"}
        found = sorted((self.folder / "results").rglob("*"))
        files = [path for path in found if path.is_file() and path.name not in skipped]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
