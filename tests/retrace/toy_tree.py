"""A built tree to alter: the real runner, graph and engine over toy verbs, a figure, under git, by `dvc repro`."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from stages import graph
from stages.retrace.audit import command as audit
from stages.retrace.evidence import cosmetic
from stages.runner import receipt
from tests.house.toy_graph import OWN, OWN_GRAPH, OWN_PARAMS, PAPER, TRAINED, VERB, ToyGraph

FIGURE = '''
"""Draws a picture of few points, with the stage's fingerprint in its metadata."""
import zlib
from pathlib import Path
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    shade: int

def chunk(kind, body):
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

def illustrate(job):
    rows = b"".join(b"\\0" + bytes([job.block.shade, 0, column]) for column in range(3))
    mark = b"retrace:fingerprint\\0" + job.fingerprint.encode()
    head = (1).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    png = [chunk(b"IHDR", head), chunk(b"tEXt", mark), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    (job.out / f"{job.name}.png").write_bytes(b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(png))
    pdf = f"%PDF-1.4\\n1 0 obj <</Keywords (retrace:fingerprint {job.fingerprint})>> endobj\\n%%EOF\\n"
    (job.out / f"{job.name}.pdf").write_text(pdf)

if __name__ == "__main__":
    run_stage("illustrate", illustrate, choices=("paper", "what"))
'''
FIGURE_STAGE = """
  illustrate:
    desc: a picture
    illustrate: fig
    layers: [figure]
    in:
      model: model/cub_0
      reported: reported.csv
    out: figures/fig
    files: [png, pdf]
"""
# As docs/audit.md says: DVC holds the receipts of final files, and refuses to hold what git does.
NOT_OF_FINALS = ":(glob,exclude)results/receipts/*[!0-9a-f]*.json"
MODELS = "results/store/demo/model/toy"
MODEL = f"{MODELS}/cub_0"
RAW = "results/store/demo/raw/cub"


class Tree(ToyGraph):
    """The toy graph with a figure, a second file in each folder, and committed receipts."""

    def __init__(self, folder: Path, made: bool = True) -> None:
        if not made:
            self.folder = folder
            return
        super().__init__(folder)
        self.git("add", "-A")
        self.git("commit", "-qm", "sources")

    def sources(self) -> dict[str, str]:
        return super().sources() | {
            "stages/render.py": two_files("render", "count: int", ("set",)),
            "stages/train.py": two_files("train", "rate: float; steps: int", TRAINED),
            "stages/illustrate.py": FIGURE,
            "stages/papers/toy/reported.csv": "name,value\nC2,3\n",
            "stages/papers/toy/captions/fig.rst": "A toy picture.\n",
            OWN_GRAPH: PAPER + FIGURE_STAGE,
            OWN: OWN_PARAMS + "  figure:\n    base:\n      shade: 90  # ours (gap G3)\n",
        }

    def git(self, *words: str) -> str:
        who = ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *words], cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout

    def build(self) -> None:
        """Runs everything under DVC, which fills lock, cache and run cache; commits the receipts."""
        done = self.dvc("repro")
        assert done.returncode == 0, done.stdout + done.stderr
        self.git("add", "-f", "results/receipts", NOT_OF_FINALS)
        self.git("commit", "-qm", "receipts")

    def copy(self, folder: Path) -> "Tree":
        """A copy with equal times, as `cp -a` makes it."""
        shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Tree(folder, made=False)

    def audit(self, *targets: str, scope: str = "bytes", root: str | None = None, against: str | None = None):
        """The audit of this tree, as the command runs it."""
        cosmetic.old_text.cache_clear()
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return audit.run(targets, scope, root, against, progress=False)
        finally:
            os.chdir(before)

    def stages(self) -> tuple[graph.Stage, ...]:
        return graph.load(self.folder)

    def path(self, *names: str) -> Path:
        return self.folder.joinpath(*names)

    def receipt(self, out: str) -> dict[str, Any]:
        return json.loads(self.place(out).read_bytes())

    def place(self, out: str) -> Path:
        """Where the receipt of an output lies."""
        inside = self.path(out) / "receipt.json"
        return inside if inside.is_file() else self.path(f"results/receipts/{Path(out).name}.json")

    def digest(self, out: str) -> str:
        return receipt.digest(self.receipt(out))

    def alter(self, name: str, change: bytes = b"#", at: int = 0) -> None:
        """Other bytes of the same size, with size and times as before: what neither engine sees."""
        path = self.path(name)
        known, mode = path.stat(), path.stat().st_mode
        path.chmod(0o644)
        with path.open("r+b") as stream:
            stream.seek(at)
            was = stream.read(len(change))
            stream.seek(at)
            stream.write(change if was != change else b"%" * len(change))
        path.chmod(mode)
        os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))

    def swap(self, one: str, other: str) -> None:
        """Exchanges two files or folders."""
        between = self.path("between")
        self.path(one).rename(between)
        self.path(other).rename(self.path(one))
        between.rename(self.path(other))

    def rewrite(self, out: str, keep: bool = False, **fields: Any) -> None:
        """Writes a receipt anew with other fields and the fingerprint that follows; `keep` hides the traces of it."""
        place, old = self.place(out), self.digest(out)
        content = {**self.receipt(out), **fields}
        content["fingerprint"] = receipt.fingerprint(content)
        place.write_bytes(receipt.encode(content))
        if keep:
            digest = receipt.digest(content)
            self.path(f"results/receipts/{old}.json").unlink(missing_ok=True)
            self.path(f"results/receipts/{digest}.json").write_bytes(receipt.encode(content))
            self.path("results/receipts/current", out.replace("/", "~")).write_text(f"{digest}\n")

    def forge(self, out: str, stamp: bool = True) -> None:
        """Makes the receipts of an output and of all that rests on it anew from the bytes that lie there now.

        With `stamp` pictures get the fingerprint that follows, as a forger must who knows that they carry it.
        """
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            content = self.receipt(out)
            inputs = {name: receipt.of_input(Path(entry["path"])) for name, entry in content["inputs"].items()}
            new = receipt.fingerprint({**content, "inputs": inputs})
            folder = Path(out).parent if "--files" in content["command"] else Path(out)
            for name in content["outputs"] if stamp else ():
                raw = (folder / name).read_bytes()
                (folder / name).write_bytes(raw.replace(content["fingerprint"].encode(), new.encode()))
            made = {name: {"sha256": receipt.file_digest(folder / name), "size": (folder / name).stat().st_size}
                    for name in content["outputs"]}  # fmt: skip
            self.rewrite(out, keep=True, outputs=made, inputs=inputs)
        finally:
            os.chdir(before)
        other, table = f"{MODELS}/cub_1", "results/tables/cub"
        for user in {MODEL: [table, "results/figures/fig"], other: [table], RAW: [MODEL, other]}.get(out, []):
            self.forge(user)


def two_files(verb: str, fields: str, choices: tuple[str, ...]) -> str:
    """A toy verb that also writes a folder with a file in it."""
    text = VERB.format(verb=verb, fields=fields, choices=choices)
    lines = (
        f'    (job.out / "more").mkdir()\n    (job.out / "more" / "log.bin").write_bytes(b"{verb}" * 9)\n\nif __name'
    )
    return text.replace("\nif __name", lines, 1)
