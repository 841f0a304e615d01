"""The workflows for others: gpu.yml's shell steps, run twice with a kill between, go on where they were."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.house.toy_graph import BIN, ROOT, ToyGraph

pytestmark = pytest.mark.slow
WORKFLOWS = ROOT / ".github" / "workflows"
# The steps that need a network or a hosted service; all others run here as they stand.
NOT_HERE = ("environment",)

# A training that saves its state every tenth of a second, as the engine does, and notes where it began.
TRAIN = '''
"""A slow training that resumes."""
import time
from pathlib import Path
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    rate: float
    steps: int

def train(job):
    job.resume.mkdir(parents=True, exist_ok=True)
    state = job.resume / "step"
    begun = int(state.read_text()) if state.exists() else 0
    with Path(".work/begun").open("a") as stream:
        stream.write(f"{job.name} {begun}\\n")
    for step in range(begun, 30 if job.name == "cub_0" else 1):
        time.sleep(0.1)
        state.with_suffix(".new").write_text(str(step + 1))
        state.with_suffix(".new").replace(state)
    (job.out / "made.txt").write_text(f"{job.name} {job.block.rate}\\n")

if __name__ == "__main__":
    run_stage("train", train, choices=("paper", "method", "seed"))
'''


def workflow(name: str) -> dict:
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def steps(name: str, job: str) -> list[dict]:
    return workflow(name)["jobs"][job]["steps"]


class Runner:
    """A runner's workspace and volume; each call of `job` is one job, step by step, until one fails."""

    def __init__(self, tree: ToyGraph, volume: Path) -> None:
        self.tree, self.volume = tree, volume
        names = {
            "TARGET": "toy_tabulate@cub",
            "RETRACE_VOLUME": str(volume),
            "OMP_NUM_THREADS": "1",
            "SHELL": "/bin/bash",
        }
        self.environment = {**os.environ, **names, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        self.environment["PYTHONPATH"] = str(tree.folder)
        self.said = ""

    def job(self, kill_in: str = "", when=lambda: True) -> int:
        """The exit code; with `kill_in` the named step and all that it started die by SIGKILL once `when` holds."""
        for step in steps("gpu.yml", "reproduce"):
            if "run" not in step or step["name"] in NOT_HERE:
                continue
            text = step["run"].replace("retrace ", "python -m stages.retrace.main ")
            code = self._step(text, kill=step["name"] == kill_in, when=when)
            if code:
                return code
        return 0

    def _step(self, text: str, kill: bool, when) -> int:
        with (self.volume / "said").open("w+") as said:
            process = subprocess.Popen(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text], cwd=self.tree.folder,
                env=self.environment, stdout=said, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
            if kill:
                until(lambda: when() or process.poll() is not None)
                os.killpg(process.pid, signal.SIGKILL)
            code = process.wait(timeout=240)
            said.seek(0)
            self.said += said.read()
        return code


def until(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def project(folder: Path) -> ToyGraph:
    tree = ToyGraph(folder)
    tree.write("stages/train.py", TRAIN)
    tree.make_graph()
    return tree


@pytest.fixture()
def runner(tmp_path) -> Runner:
    volume = tmp_path / "volume"
    volume.mkdir()
    return Runner(project(tmp_path / "work"), volume)


def test_a_preempted_job_goes_on_from_the_volume_and_a_second_runner_trains_nothing(runner, tmp_path):
    """SIGKILL of everything in mid-training, without a remote; the next job starts at a later step, audits and shares;
    a runner that never trained then takes all from the remote."""
    state = lambda: [int(path.read_text()) for path in runner.volume.glob("resume/*/step")]  # noqa: E731
    runner.tree.write(".work/config", 'gpus = 0\nresume_root = "/nowhere"\n')
    assert runner.job(kill_in="reproduce", when=lambda: any(step >= 8 for step in state())) == -signal.SIGKILL
    assert not runner.tree.folder.joinpath("results/tables/cub.csv").exists()
    saved, remote = max(state()), str(tmp_path / "remote")
    assert runner.tree.dvc("remote", "add", "-d", "store", remote).returncode == 0
    assert runner.job() == 0, runner.said[-3000:]
    begun = [line.split() for line in runner.tree.folder.joinpath(".work/begun").read_text().splitlines()]
    starts = [int(step) for name, step in begun if name == "cub_0"]
    assert starts[0] == 0 and starts[1:] == [saved], "the second job went on from the saved step"
    config = runner.tree.folder.joinpath(".work/config").read_text()
    assert config == f'gpus = 0\nresume_root = "{runner.volume}/resume"\n', "other keys stay"
    assert "no broken link" in runner.said and state() == []
    other = Runner(project(tmp_path / "other"), runner.volume)
    assert other.tree.dvc("remote", "add", "-d", "store", remote).returncode == 0
    assert other.job() == 0, other.said[-3000:]
    assert not other.tree.folder.joinpath(".work/begun").exists(), "all came from the run cache"
    assert "adopted 5" in other.said and "no broken link" in other.said
    made = "results/store/demo/model/toy/cub_0/receipt.json"
    assert other.tree.folder.joinpath(made).read_bytes() == runner.tree.folder.joinpath(made).read_bytes()


def test_a_failed_audit_pushes_nothing():
    """Steps end at the first failure, and sharing is the last of them but for the report, which goes nowhere."""
    names = [step["name"] for step in steps("gpu.yml", "reproduce") if "run" in step]
    assert names[-3:] == ["audit", "share", "report"]
    assert not any("continue-on-error" in step for step in steps("gpu.yml", "reproduce"))


def test_gpu_workflow_keeps_the_workspace_and_never_overlaps_itself():
    content = workflow("gpu.yml")
    checkout = next(step for step in steps("gpu.yml", "reproduce") if "checkout" in step.get("uses", ""))
    assert checkout["with"]["clean"] is False
    assert content["concurrency"] == {"group": "gpu", "cancel-in-progress": False}
    assert "gpu" in content["jobs"]["reproduce"]["runs-on"]
    text = (WORKFLOWS / "gpu.yml").read_text()
    for words in ("dvc pull --run-cache", "--pull --allow-missing", "retrace audit --bytes", "dvc push --run-cache"):
        assert words in text


def test_workflows_name_stages_of_the_graph():
    text = (WORKFLOWS / "gpu.yml").read_text()
    stages = (ROOT / "dvc.yaml").read_text()
    named = re.findall(r"contrasfill_\w+", text)
    assert named and [stage for stage in named if f"\n  {stage}:\n" not in stages] == []
    for job in workflow("gpu.yml")["jobs"].values():
        assert job["timeout-minutes"] and all("uses" in step or step["name"] for step in job["steps"])
