"""A project of one toy verb around the real runner, to run as a user's shell or an engine would."""

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# What every toy verb takes.
BLOCK = """
from stages.block import Block as Base

class Block(Base):
    number: int
    rate: float
    words: tuple[str, ...]
    wait_s: float
    ending: str
"""
VERB = (
    '''
"""A toy verb: writes a number, then waits if told to."""
import time
from pathlib import Path
from stages.runner import run_stage
'''
    + BLOCK
    + """
def toy(job):
    (job.out / f"{job.name}.txt" if job.files else job.out / "number.txt").write_text(f"{job.block.number}\\n")
    for name, path in job.inputs.items():
        text = path.read_text() if path.is_file() else (path / "number.txt").read_text()
        (job.out / f"{name}.txt").write_text(text)
    Path("started").touch()
    if job.block.ending == "empty":
        (job.out / "number.txt").write_text("")
    if job.block.ending == "none":
        (job.out / "number.txt").unlink()
    if job.block.ending == "full":
        raise OSError(28, "No space left on device")
    if job.block.ending == "value":
        raise ValueError("expected a prime, found 4")
    if job.block.ending == "nan":
        raise FloatingPointError("G/adv at step 3")
    if job.block.ending == "defect":
        raise KeyError("x")
    if job.block.ending == "save":
        with job.deferred_stop():
            while not job.stopping():
                time.sleep(0.02)
            job.resume.mkdir(parents=True, exist_ok=True)
            (job.resume / "state").write_text("saved")
        raise RuntimeError("interrupted after saving")
    if job.block.ending == "parts":
        with job.deferred_stop():
            job.resume.mkdir(parents=True, exist_ok=True)
            for number in range(1000):
                (job.resume / f"part {number}").touch()
                time.sleep(0.02)
                job.advance(number, 1000, "parts")
    time.sleep(job.block.wait_s)

if __name__ == "__main__":
    run_stage("toy", toy)
"""
)

PARAMS = """
toy:
  base:
    number: 3      # supp §1
    rate: 1.0e-4   # ours (gap G7)
    words: [a, b]  # code
    wait_s: 0.0    # ours (gap G12)
    ending: good   # ours
  profile:
    demo: {}
    four: {number: 4}
    typo: {nubmer: 4}
    text: {number: "4"}
    wait: {wait_s: 30.0}
    numeric: {rate: 1e-4}
"""


class ToyProject:
    """A folder with the real runner, one toy verb and its parameters."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "stages").mkdir(parents=True)
        shutil.copytree(
            ROOT / "stages" / "runner", folder / "stages" / "runner", ignore=shutil.ignore_patterns("__pycache__")
        )
        for name in ("__init__.py", "block.py", "durable.py", "homes.py", "loading.py", "yaml_text.py"):
            shutil.copy(ROOT / "stages" / name, folder / "stages" / name)
        (folder / "stages" / "toy.py").write_text(VERB)
        (folder / "params.yaml").write_text(PARAMS)
        (folder / "envs").mkdir()
        (folder / "envs" / "core.lock").write_text("six==1.16.0\n")

    def command(self, *layers: str, out: str = "results/store/demo/toy/a", extra: tuple[str, ...] = ()) -> list[str]:
        """The toy stage's command with profile layers by name."""
        blocks = ["toy.base", *(f"toy.profile.{name}" for name in layers)]
        return [sys.executable, "-m", "stages.toy", "--block", *blocks, "--out", out, "--threads", "1", *extra]

    def run(self, *layers: str, out: str = "results/store/demo/toy/a", extra: tuple[str, ...] = ()):
        """Runs the stage to its end."""
        command = self.command(*layers, out=out, extra=extra)
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def start(
        self, *layers: str, out: str = "results/store/demo/toy/a", extra: tuple[str, ...] = (), **options
    ) -> subprocess.Popen:
        """Starts the stage in the background."""
        command = self.command(*layers, out=out, extra=extra)
        return subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    def set(self, key: str, value: str) -> None:
        """Changes one key of the toy's base layer."""
        lines = (self.folder / "params.yaml").read_text().splitlines()
        changed = [f"    {key}: {value}" if line.startswith(f"    {key}:") else line for line in lines]
        assert changed != lines
        (self.folder / "params.yaml").write_text("\n".join(changed) + "\n")
