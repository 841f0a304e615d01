"""A small paper with the real runner and `retrace`: raw data, models, samples, scores, a table and a picture."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

from typer.testing import CliRunner

from stages import graph
from stages.retrace.evidence.cosmetic import old_text
from stages.retrace.main import app
from tests.house.toy_graph import GRAPH, OWN, OWN_GRAPH, ToyGraph

FINGERPRINT = "retrace:fingerprint"

RENDER = '''
"""Draws raw data."""
from typing import Literal
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    supply: Literal["drawn", "user"]
    root: str
    seed: int
    count: int

def render(job):
    (job.out / "raw").mkdir()
    for number in range(job.block.count):
        (job.out / "raw" / f"{number}.txt").write_text(f"{job.block.seed} {number}")

if __name__ == "__main__":
    run_stage("render", render, choices=("set",))
'''

TRAIN = '''
"""Adds up what it reads and its parameters."""
from stages.block import Block as Base
from stages.runner import run_stage
from stages.toy_loss import weight

class Block(Base):
    rate: float
    steps: int
    width: int

def train(job):
    read = sorted(path.read_text() for path in job.inputs["data"].rglob("*.txt"))
    seed = int(job.choices["seed"])
    made = len(job.choices["method"]) + seed + weight(job.block.rate) * job.block.steps
    (job.out / "weights.txt").write_text(f"{made} {len(read)}")

if __name__ == "__main__":
    run_stage("train", train, choices=("paper", "method", "seed"))
'''

SAMPLE = '''
"""Repeats the model."""
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    images: int

def sample(job):
    (job.out / "images.txt").write_text((job.inputs["model"] / "weights.txt").read_text() * job.block.images)

if __name__ == "__main__":
    run_stage("sample", sample, choices=("paper", "method", "seed"))
'''

MEASURE = '''
"""Scores each method's samples."""
import hashlib, json
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    profile: str

def measure(job):
    used = hashlib.sha256(next((job.inputs["data"] / "raw").glob("0.txt")).read_bytes()).hexdigest()
    values, seed = [], 0
    for name, path in sorted(job.inputs.items()):
        if name.startswith("sample_"):
            first = float((path / "images.txt").read_text().split()[0])
            seed = int(path.name.rsplit("_", 1)[1])
            for metric, value in (("KFFA", first), ("FD-demo", first / 8)):
                values.append({"method": name[7:], "dataset": "face", "metric": metric, "unit": "1", "value": value,
                               "protocol": {"n": 2, "extractor_sha256": used}})
    score = {"data": "face", "seed": seed, "profile": job.block.profile, "values": values}
    (job.out / "score.json").write_text(json.dumps(score))

if __name__ == "__main__":
    run_stage("measure", measure, choices=("paper", "what"))
'''

TABULATE = '''
"""A table: the mean over seeds beside the printed value."""
import csv, json
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    digits: int

def tabulate(job):
    printed = {tuple(row[:3]): row[3] for row in csv.reader(job.inputs["reported"].open())}
    held = {}
    for name, path in sorted(job.inputs.items()):
        if name.startswith("score"):
            score = json.loads((path / "score.json").read_text())
            profile = score["profile"]
            for one in score["values"]:
                held.setdefault((one["method"], one["dataset"], one["metric"]), []).append((one["value"], profile))
    lines = ["method,dataset,metric,ours,spread,printed,profile,protocol"]
    for key, values in sorted(held.items()):
        name = {"FD-demo": "FID"}.get(key[2], key[2])
        note = f"n=2; printed={name}, another measure" if name != key[2] else "n=2"
        mean = sum(value for value, _ in values) / len(values)
        row = [*key, f"{mean:.6g}", "", printed.get((*key[:2], name), ""), values[0][1], f'"{note}"']
        lines.append(",".join(row))
    (job.out / f"{job.name}.csv").write_text("\\n".join(lines) + "\\n")

if __name__ == "__main__":
    run_stage("tabulate", tabulate, choices=("paper", "what"))
'''

ILLUSTRATE = '''
"""A picture and a page that carry the fingerprint, written by hand."""
import zlib
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    grey: int

def chunk(kind, body):
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

def illustrate(job):
    header = chunk(b"IHDR", (1).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0]))
    text = chunk(b"tEXt", b"retrace:fingerprint\\0" + job.fingerprint.encode())
    data = chunk(b"IDAT", zlib.compress(bytes([0, job.block.grey])))
    png = b"\\x89PNG\\r\\n\\x1a\\n" + header + text + data + chunk(b"IEND", b"")
    (job.out / f"{job.name}.png").write_bytes(png)
    page = f"%PDF-1.4\\n1 0 obj\\n<< /Keywords (retrace:fingerprint {job.fingerprint}) >>\\nendobj\\n"
    (job.out / f"{job.name}.pdf").write_text(page)

if __name__ == "__main__":
    run_stage("illustrate", illustrate, choices=("paper", "what"))
'''

SHARED = """
stages:
  preflight:
    desc: the raw birds are there
    preflight: cub
    layers: [supply.cub]
    in: {card: cards/cub.yaml}
    out: preflight/cub

  render:
    desc: raw birds
    render: cub
    layers: [supply.cub, raw.cub]
    in: {preflight: preflight/cub}
    out: raw/cub
"""

PAPER = """
axes:
  methods: [ours, other]
  seeds: [0, 1]

costs:
  train: {torch: 1, disk_mb: 5}

stages:
  train:
    desc: a model
    matrix: {method: methods, seed: seeds}
    train: ${item.method}
    seed: ${item.seed}
    layers: [train]
    in: {data: raw/cub}
    out: model/${item.method}_${item.seed}

  sample:
    desc: what a model makes
    matrix: {method: methods, seed: seeds}
    sample: ${item.method}
    seed: ${item.seed}
    layers: [sample]
    in: {model: "model/${item.method}_${item.seed}"}
    out: sample/${item.method}_${item.seed}

  measure:
    desc: what the samples are worth
    matrix: {seed: seeds}
    measure: scoring
    layers: [measure]
    in:
      data: raw/cub
      sample_${method}: {each: {method: methods}, from: "sample/${method}_${item.seed}"}
    out: score/face_${item.seed}

  table:
    desc: the table
    tabulate: table
    layers: [table]
    in:
      reported: reported.csv
      score_${seed}: {each: {seed: seeds}, from: "score/face_${seed}"}
    out: tables/table
    files: [csv]

  figure:
    desc: the picture
    illustrate: figure
    layers: [figure]
    in: {sample: sample/ours_0}
    out: figures/figure
    files: [png, pdf]
"""

PARAMS = """
profile: demo
supply:
  cub:
    base:
      supply: user    # ours, who brings the files
      root: data/cub  # ours, where
    profile: {smoke: {supply: drawn}, demo: {supply: drawn}, lite: {}, paper: {}}
raw:
  cub:
    base:
      seed: 7   # ours (gap G2), drawn data
      count: 3  # ours, drawn data
"""

OWN_PARAMS = """
toy:
  train:
    base:
      rate: 0.5   # supp §1
      steps: 10   # main §2
      width: 4    # ours (gap G1), read by nobody
    profile: {demo: {steps: 2}, smoke: {}, lite: {}, paper: {}}
  sample:
    base:
      images: 2  # code
  measure:
    base:
      profile: paper  # ours
    profile: {smoke: {profile: smoke}, demo: {profile: demo}, lite: {profile: lite}, paper: {}}
  table:
    base:
      digits: 3  # ours
  figure:
    base:
      grey: 128  # ours
"""

FILES = {
    "stages/render.py": RENDER,
    "stages/train.py": TRAIN,
    "stages/sample.py": SAMPLE,
    "stages/measure.py": MEASURE,
    "stages/tabulate.py": TABULATE,
    "stages/illustrate.py": ILLUSTRATE,
    "stages/toy_loss.py": '"""A loss."""\n\n\ndef weight(rate):\n    return 2 * rate\n',
    GRAPH: SHARED,
    OWN_GRAPH: PAPER,
    "stages/papers/toy/captions/table.rst": "The table.\n",
    "stages/papers/toy/captions/figure.rst": "The picture.\n",
    "params.yaml": PARAMS,
    OWN: OWN_PARAMS,
    "envs/core.lock": "attrs==1.0\nsix==1.16.0 \\\n    --hash=sha256:aa\n",
    "stages/papers/toy/reported.csv": "ours,face,KFFA,83.39\nother,face,KFFA,51.19\nours,face,FID,5.95\n",
    "stages/papers/toy/claims.yaml": (
        "- {id: C1, claim: Ours is larger., evidence: 'supp §5, Table 1, KFFA', rule: ours > other,"
        " measured_by: tables/table.csv, measure: angle}\n"
        "- {id: C2, claim: Seen., evidence: 'supp §5, Fig. 2', rule: look, measured_by: figures/x.png, measure: x}\n"
    ),
    "stages/papers/toy/gaps.yaml": (
        "- {id: G1, question: How wide?, default: four, keys: [toy.train.base.width]}\n"
        "- {id: G2, question: Which seed?, default: seven, keys: [raw.cub.base.seed]}\n"
    ),
    "stages/papers/other/gaps.yaml": "- {id: G2, question: Another paper's?, default: no, keys: [other.base]}\n",
}


class ToyPaper(ToyGraph):
    """The small project of the house tests with a paper of its own, committed to git."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.commit()

    def sources(self) -> dict[str, str]:
        return FILES

    def commit(self) -> None:
        words = ["git", "-c", "user.name=n", "-c", "user.email=e", "-c", "commit.gpgsign=false"]
        for more in (["add", "-A"], ["commit", "--quiet", "-m", "state"]):
            subprocess.run([*words, *more], cwd=self.folder, check=True)

    def build(self, *targets: str) -> None:
        """Runs stages as an engine would, producers first, without the cost of an engine."""
        stages = graph.load(self.folder)
        for stage in graph.ancestors(stages, targets) if targets else stages:
            done = self.stage(stage.cmd)
            assert done.returncode == 0, f"{stage.name}: {done.stderr}"

    def stage(self, cmd: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        words = [sys.executable, *cmd.split()[2:]]
        return subprocess.run(words, cwd=self.folder, env=env, capture_output=True, text=True, timeout=120)

    def copy_to(self, folder: Path) -> "ToyPaper":
        """The same project elsewhere, to be changed freely."""
        shutil.copytree(self.folder, folder, symlinks=True)
        other = ToyPaper.__new__(ToyPaper)
        other.folder = folder
        return other

    def answer(self, *words: str) -> tuple[int, dict]:
        """Exit code and JSON of a command of `retrace`, in this process, which saves the imports."""
        code, text = self.say(*words, "--json")
        assert text.startswith("{"), text
        return code, json.loads(text)

    def say(self, *words: str) -> tuple[int, str]:
        """Exit code and what a person sees, messages included."""
        old_text.cache_clear()
        with contextlib.chdir(self.folder):
            done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"}, catch_exceptions=False)
        return done.exit_code, done.output


def with_text(png: bytes, kind: bytes, body: bytes) -> bytes:
    """A PNG with its text chunk replaced by another one."""
    start = png.index(b"tEXt") - 4
    size = int.from_bytes(png[start : start + 4], "big")
    made = len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
    return png[:start] + made + png[start + size + 12 :]
