"""A small project with the real Snakefile, graph, runner, preflight and `retrace`, but quick toy verbs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
COPIED = (
    "Snakefile", ".dvcignore", ".dvc/config", ".dvc/.gitignore", ".dvc/.gitattributes", ".dvc/plots", ".gitignore",
    "profiles", "envs/core.yaml",
    "stages/__init__.py", "stages/block.py", "stages/durable.py", "stages/graph", "stages/homes.py",
    "stages/loading.py", "stages/preflight.py", "stages/runner", "stages/retrace", "stages/data", "stages/cards",
    "stages/yaml_text.py",
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

SHARED = """
axes:
  sets: [celebamask_hq, cub]

costs:
  render: {mem_mb: 100, runtime_min: 1, disk_mb: 1}
  train: {torch: 1, mem_mb: 100, runtime_min: 1}

stages:
  preflight:
    desc: a raw dataset that the user must supply is there
    matrix: {set: sets}
    preflight: ${item.set}
    layers: ["supply.${item.set}"]
    in: {card: "cards/${item.set}.yaml"}
    out: preflight/${item.set}

  render:
    desc: raw data
    matrix: {set: sets}
    render: ${item.set}
    layers: ["raw.${item.set}"]
    in: {preflight: "preflight/${item.set}"}
    out: raw/${item.set}
"""

PAPER = """
stages:
  train:
    desc: a model of each set
    matrix: {set: sets, seed: [0, 1]}
    train: plain
    seed: ${item.seed}
    layers: [train]
    in: {raw: "raw/${item.set}"}
    out: model/${item.set}_${item.seed}

  tabulate:
    desc: what two models read
    matrix: {set: sets}
    tabulate: table
    layers: [table]
    in:
      zero: model/${item.set}_0
      one: model/${item.set}_1
    out: tables/${item.set}
    files: [csv, md]
"""

PARAMS = """
profile: demo
supply:
  celebamask_hq: {base: {supply: user, root: data/celebamask_hq},
    profile: {smoke: {supply: drawn}, demo: {supply: drawn}, lite: {}, paper: {}}}
  cub: {base: {supply: user, root: data/cub},
    profile: {smoke: {supply: drawn}, demo: {supply: drawn}, lite: {}, paper: {}}}
raw:
  celebamask_hq: {base: {count: 3}}
  cub: {base: {count: 4}}
"""

OWN_PARAMS = """
toy:
  train:
    base: {rate: 1.0e-4, steps: 10}
    profile: {demo: {steps: 2}, smoke: {}, lite: {}, paper: {}}
  table: {base: {digits: 3}}
"""

GRAPH, OWN_GRAPH, OWN = "stages/graph.yaml", "stages/papers/toy/graph.yaml", "stages/papers/toy/params.yaml"
TRAINED, CHOSEN = ("paper", "method", "seed"), ("paper", "what")


class ToyGraph:
    """The project in a folder of its own, under git as DVC wants it."""

    copied: tuple[str, ...] = COPIED

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in self.copied:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, folder / name)
        for name, text in self.sources().items():
            self.write(name, text)
        subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
        self.make_graph()

    def sources(self) -> dict[str, str]:
        """What the project has of its own: name -> text."""
        return {
            "envs/core.lock": "six==1.16.0\n",
            "stages/render.py": VERB.format(verb="render", fields="count: int", choices=("set",)),
            "stages/train.py": VERB.format(verb="train", fields="rate: float; steps: int", choices=TRAINED),
            "stages/tabulate.py": VERB.format(verb="tabulate", fields="digits: int", choices=CHOSEN),
            "params.yaml": PARAMS,
            OWN: OWN_PARAMS,
            GRAPH: SHARED,
            OWN_GRAPH: PAPER,
            "stages/papers/toy/captions/cub.rst": "A toy table.\n",
            "stages/papers/toy/captions/celebamask_hq.rst": "Another toy table.\n",
        }

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, encoding="utf-8")

    def edit(self, name: str, old: str, new: str) -> None:
        """Replaces the one place of a text; code and graph then want `make_graph`."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {name}"
        self.write(name, text.replace(old, new))

    def make_graph(self) -> None:
        """dvc.yaml and code.json anew, in a process that imports the toy's own verbs."""
        done = self.call("python", "-m", "stages.graph")
        assert done.returncode == 0, done.stderr

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
        """Every output file but the engines' own, one of which DVC's first stage writes."""
        skipped = {".snakemake_timestamp", ".gitignore", "graph.json"}
        found = sorted((self.folder / "results").rglob("*"))
        files = [path for path in found if path.is_file() and path.name not in skipped]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in files}
