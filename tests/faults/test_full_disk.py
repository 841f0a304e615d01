"""A small disk of its own, mounted: real libraries and both engines meet ENOSPC, and go on once there is room.

Each scenario runs in a mount namespace, so nothing stays mounted. Where the system allows none the tests are skipped;
`test_every_operation` puts the same error in front of every write.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.faults.killable import PatientGraph
from tests.house.toy_graph import BIN
from tests.house.toy_project import BLOCK, ToyProject

NAMESPACE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
# $1 is the folder that gets a file system of two megabytes; the rest is the command, run before and after it grows.
SCENARIO = """
mount -t tmpfs -o size=2m none "$1" || exit 99
where=$1; shift
"$@" > full.log 2>&1; echo $? > full.code
find "$where" -name '.*' > full.hidden; find "$where" -type f > full.files
test -n "$GROW" || exit 0
mount -o remount,size=64m none "$where"
"$@" > grown.log 2>&1; echo $? > grown.code
cp -r "$where" grown
"""
WRITERS = {
    "bytes": '(job.out / "x").write_bytes(data.tobytes())',
    "numpy": 'np.save(job.out / "x.npy", data)',
    "parquet": "import pyarrow as pa, pyarrow.parquet as pq\n"
    '    pq.write_table(pa.table({"x": data}), job.out / "x.parquet", compression="none")',
    "lmdb": "import lmdb\n"
    '    with lmdb.open(str(job.out), map_size=1 << 26, lock=False) as base, base.begin(write=True) as entry:\n'
    '        entry.put(b"x", data.tobytes())',
    "safetensors": 'from safetensors.numpy import save_file\n    save_file({"x": data}, job.out / "x.safetensors")',
    "torch": 'import torch\n    torch.save({"x": torch.from_numpy(data)}, job.out / "x.pt")',
    "image": "from PIL import Image\n"
    '    Image.frombytes("RGB", (1024, 1024), data.tobytes()[: 3 << 20]).save(job.out / "x.bmp")',
}  # fmt: skip
VERB = (
    '''
"""Writes four megabytes in some library's way."""
from stages.runner import run_stage
'''
    + BLOCK
    + """
def toy(job):
    import numpy as np
    data = np.arange(1 << 19, dtype=np.int64)
    {write}

if __name__ == "__main__":
    run_stage("toy", toy)
"""
)


@pytest.fixture(scope="module", autouse=True)
def mountable(tmp_path_factory):
    place = str(tmp_path_factory.mktemp("mount"))
    done = subprocess.run([*NAMESPACE, "mount", "-t", "tmpfs", "-o", "size=1m", "none", place], capture_output=True)
    if done.returncode:
        pytest.skip("this system lets nobody mount a small disk: neither as root nor by `unshare -Urm`")


def on_small_disk(folder: Path, where: str, command: list[str], grow: bool) -> None:
    (folder / where).mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "GROW": "1" if grow else ""}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(
        [*NAMESPACE, "bash", "-c", SCENARIO, "bash", where, *command], cwd=folder, env=env, capture_output=True,
        text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("writer", WRITERS)
def test_whatever_a_library_raises_the_stage_says_that_the_disk_is_full(tmp_path, writer):
    project = ToyProject(tmp_path / "a project é")
    (project.folder / "stages/toy.py").write_text(VERB.format(write=WRITERS[writer]))
    on_small_disk(project.folder, "results", project.command(), grow=writer == "torch")
    said = (project.folder / "full.log").read_text()
    assert (project.folder / "full.code").read_text() == "74\n", said
    assert "the disk is full" in said and "Traceback" not in said and "results/store" in said
    assert (project.folder / "full.hidden").read_text() + (project.folder / "full.files").read_text() == ""
    if writer == "torch":
        assert (project.folder / "grown.code").read_text() == "0\n"


def test_a_full_disk_under_states_and_caches_is_told_as_well(tmp_path):
    """`.work` is on the small disk, where a stage keeps its state: no room, exit 74, and the old output stays."""
    project = ToyProject(tmp_path)
    assert project.run().returncode == 0
    before = (tmp_path / "results/store/demo/toy/a/receipt.json").read_bytes()
    write = 'job.resume.mkdir(parents=True)\n    (job.resume / "state").write_bytes(data.tobytes())'
    (project.folder / "stages/toy.py").write_text(VERB.format(write=write))
    shutil.rmtree(tmp_path / ".work")
    on_small_disk(tmp_path, ".work", project.command(), grow=False)
    said = (tmp_path / "full.log").read_text()
    assert (tmp_path / "full.code").read_text() == "74\n" and "the disk is full" in said and ".work/resume" in said
    assert (tmp_path / "results/store/demo/toy/a/receipt.json").read_bytes() == before


@pytest.mark.parametrize("engine", ["snakemake", "dvc"])
def test_an_engine_whose_disk_fills_goes_on_once_there_is_room(tmp_path, engine):
    toy, whole = PatientGraph(tmp_path / "small é"), PatientGraph(tmp_path / "large é")
    for tree in (toy, whole):
        tree.edit("stages/render.py", 'text = "\\n".join(', 'text = "x" * (3 << 20) + "\\n".join(')
        tree.make_graph()
    target = "results/store/demo/raw/cub"
    command = ["snakemake", "--cores", "1", target] if engine == "snakemake" else ["dvc", "repro", "render@cub"]
    on_small_disk(toy.folder, "results", command, grow=True)
    said = (toy.folder / "full.log").read_text()
    assert (toy.folder / "full.code").read_text() != "0\n" and "the disk is full" in said, said
    assert (toy.folder / "grown.code").read_text() == "0\n", (toy.folder / "grown.log").read_text()
    for stage in ("preflight", "render"):
        words = next(line for line in _commands(whole) if f"stages.{stage} " in line and "cub" in line).split()[1:]
        assert whole.call(*words).returncode == 0
    for name in ("made.txt", "receipt.json"):
        assert (toy.folder / "grown/store/demo/raw/cub" / name).read_bytes() == (
            whole.folder / target / name
        ).read_bytes()


def _commands(tree: PatientGraph) -> list[str]:
    from stages import graph

    return [stage.cmd for stage in graph.load(tree.folder)]
