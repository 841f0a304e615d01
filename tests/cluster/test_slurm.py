"""Profile slurm on a running SLURM: equal bytes, stages side by side, stops and time limits, no GPUs, no accounting."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages import graph
from tests.cluster.daemons import Cluster, cluster, missing, until
from tests.house.toy_graph import BIN, PAPER, SHARED, ToyGraph

lacking = missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lacking), reason=f"needs a SLURM: {', '.join(lacking)} not here (slurm-wlm and munge)"),
]

# Counts steps, each a saved state. Told to, it waits for the other model of its set, or takes its time.
TRAIN = '''
"""A training that resumes."""
import os
import time
from pathlib import Path
from stages.block import Block as Base
from stages.runner import run_stage

class Block(Base):
    rate: float
    steps: int

def meet(name):
    place = Path(".work/together")
    (place / name).write_text(f"{os.environ['SLURMD_NODENAME']} {os.environ['CUDA_VISIBLE_DEVICES']}")
    end = time.monotonic() + 40
    while len(list(place.iterdir())) < 2:
        if time.monotonic() > end:
            raise ValueError("the other never came")
        time.sleep(0.1)

def train(job):
    if Path(".work/together").is_dir():
        meet(job.name)
    job.resume.mkdir(parents=True, exist_ok=True)
    step = max([int(path.name) for path in job.resume.iterdir()], default=0)
    with Path(".work/begun").open("a") as stream:
        stream.write(f"{job.name} {step}\\n")
    with job.deferred_stop():
        while step < 2000:
            if job.stopping():
                raise RuntimeError(f"stopped at step {step}")
            time.sleep(0.1 if Path(".work/slow").exists() else 0)
            step += 1
            if step % 5 == 0:
                (job.resume / str(step)).touch()
    (job.out / "made.txt").write_text(f"{job.name} {job.block.rate} {step}\\n")

if __name__ == "__main__":
    run_stage("train", train, choices=("paper", "method", "seed"))
'''
OUT = "results/store/demo/model/toy/cub_0"
CALL = ("--workflow-profile", "profiles/slurm", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5")


class Project(ToyGraph):
    """One set, two models that ask for a GPU, one table."""

    def sources(self) -> dict[str, str]:
        shared = SHARED.replace("[celebamask_hq, cub]", "[cub]").replace("{torch: 1,", "{torch: 1, gpu: 1,")
        own = {"stages/train.py": TRAIN, "stages/graph.yaml": shared, "stages/papers/toy/graph.yaml": PAPER}
        return {**super().sources(), **own}


class Copy(Project):
    """A project in another place, whose jobs a cluster runs."""

    def __init__(self, other: Project, folder: Path) -> None:
        shutil.copytree(other.folder, folder, symlinks=True)
        self.folder, self.started = folder, []

    def start(self, on: Cluster, *targets: str) -> subprocess.Popen:
        """Snakemake in the background; what it says lies in .work/said."""
        env = {**on.environment, "PATH": f"{BIN}{os.pathsep}{on.environment['PATH']}", "OMP_NUM_THREADS": "1"}
        command = [str(BIN / "snakemake"), *CALL, *targets]
        with (self.folder / ".work/said").open("w") as said:
            self.started.append(subprocess.Popen(command, cwd=self.folder, env=env, stdout=said, stderr=said))
        return self.started[-1]

    def said(self) -> str:
        return (self.folder / ".work/said").read_text()

    def begun(self) -> list[int]:
        """The steps at which the first model began, run after run."""
        path = self.folder / ".work/begun"
        lines = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
        return [int(step) for name, step in lines if name == "cub_0"]


@pytest.fixture(scope="module")
def local(tmp_path_factory) -> Project:
    """All of it made on this machine, without a cluster or an engine."""
    made = Project(tmp_path_factory.mktemp("local"))
    made.write(".work/config", "gpus = 1\n")
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    for stage in graph.load(made.folder):
        subprocess.run(["bash", "-c", stage.cmd], cwd=made.folder, env=env, check=True, capture_output=True, timeout=60)
    return made


@pytest.fixture
def work(local, tmp_path) -> Iterator[Copy]:
    """A copy to alter; its Snakemakes end with the test."""
    made = Copy(local, tmp_path / "work")
    yield made
    for process in made.started:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def with_gpus() -> Iterator[Cluster]:
    with cluster(with_gpus=True) as made:
        yield made


@pytest.fixture(scope="module")
def without_gpus() -> Iterator[Cluster]:
    with cluster(with_gpus=False) as made:
        yield made


def test_two_nodes_work_side_by_side_and_make_the_bytes_of_a_local_run(local, with_gpus, work):
    """Both models want device 0, each of its own node: a lease that both share would have one wait for the other.

    Without accounting, as this cluster is, the run ends all the same.
    """
    shutil.rmtree(work.folder / "results/tables")
    shutil.rmtree(work.folder / "results/store/demo/model")
    (work.folder / ".work/together").mkdir()
    assert work.start(with_gpus, "results/tables/cub.csv").wait(150) == 0, work.said()
    met = [path.read_text().split() for path in (work.folder / ".work/together").iterdir()]
    assert sorted(met) == [["n1", "0"], ["n2", "0"]]
    assert work.results() == local.results()
    assert work.said().count("has been submitted with SLURM jobid") == 3, "two models and the table"
    assert not list((work.folder / ".work/leases").iterdir()), "jobs come and go, and leave no lock"


def test_a_cluster_without_gpus_refuses_at_once_and_the_old_log_is_not_shown(without_gpus, work):
    shutil.rmtree(work.folder / OUT)
    (work.folder / ".work/config").unlink()
    work.write(".work/logs/toy_train_cub_0.log", "what an earlier run said\n")
    assert work.start(without_gpus, OUT).wait(60) == 1
    said = work.said()
    assert said.count("SLURM sbatch failed") == 1 and "Invalid generic resource (gres) specification" in said
    assert "what an earlier run said" not in said


def test_a_job_at_its_time_limit_and_a_cancelled_one_go_on_from_their_states(local, without_gpus, work):
    """On a cluster without GPUs, by `gpus = 0`. The limit is no failure: Snakemake retries none and sees one job."""
    shutil.rmtree(work.folder / OUT)
    work.write(".work/config", "gpus = 0\n")
    work.write(".work/slow", "")
    (work.folder / ".work/begun").unlink()
    first = work.start(without_gpus, OUT)
    until(lambda: bool(again(without_gpus)) or first.poll() is not None, "never queued again", without_gpus.place, 90)
    (job,) = again(without_gpus)
    # SLURM keeps what is queued again waiting for two minutes. Begun in the second of its end it would be refused:
    # a credential made no later than the last run was revoked is taken for revoked too.
    without_gpus.call("scontrol", "update", f"JobId={job}", "StartTime=now+3")
    until(lambda: len(work.begun()) == 2 or first.poll() is not None, "it never went on", without_gpus.place)
    assert first.poll() is None, work.said()
    without_gpus.call("scancel", job)
    until(lambda: job in without_gpus.jobs("cancelled"), "it is not cancelled", without_gpus.place)
    # By itself Snakemake would ask for its end in half a minute.
    first.send_signal(signal.SIGINT)
    assert first.wait(60) == 1, work.said()
    (work.folder / ".work/slow").unlink()
    assert work.start(without_gpus, OUT).wait(120) == 0, work.said()
    begun = work.begun()
    assert len(begun) == 3 and 0 == begun[0] < begun[1] <= begun[2], work.said()
    made = Path(OUT, "made.txt")
    assert (work.folder / made).read_bytes() == (local.folder / made).read_bytes()
    assert list((work.folder / ".work/resume").iterdir()) == []


def again(on: Cluster) -> list[str]:
    """The jobs that wait after a run of theirs."""
    return [job for job in on.jobs("pending") if "Restarts=1" in on.call("scontrol", "show", "job", job)]
