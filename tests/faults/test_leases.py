"""Leases of GPUs, as files with a configured count: more stages than devices queue up, and death frees a device."""

import time
from pathlib import Path

import pytest

from tests.house.toy_project import ToyProject

NOTED = """
    import os, time
    device = os.environ["CUDA_VISIBLE_DEVICES"]
    with open(".work/devices", "a") as stream:
        stream.write(f"begin {device or '-'} {os.getpid()}\\\\n")
    time.sleep(job.block.wait_s)
    with open(".work/devices", "a") as stream:
        stream.write(f"end {device or '-'} {os.getpid()}\\\\n")
""".replace("\\\\n", "\\n")


@pytest.fixture
def project(quick, request, monkeypatch) -> ToyProject:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    made = ToyProject(quick / request.node.name)
    verb = made.folder / "stages/toy.py"
    verb.write_text(verb.read_text().replace('    Path("started").touch()\n', NOTED))
    verb.write_text(verb.read_text().replace("    time.sleep(job.block.wait_s)\n\nif", "\nif"))
    (made.folder / ".work").mkdir()
    (made.folder / ".work/config").write_text("gpus = 2\n")
    made.set("wait_s", "0.4")
    return made


def start(project: ToyProject, name: str, count: int = 1):
    import subprocess

    words = project.command(out=f"results/store/demo/toy/{name}", extra=("--gpu", str(count)))
    return subprocess.Popen(words, cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def held(project: ToyProject) -> list[tuple[str, str, str]]:
    place = project.folder / ".work/devices"
    return [tuple(line.split()) for line in place.read_text().splitlines()] if place.exists() else []


def test_five_stages_share_two_devices_and_all_get_one(project):
    running = [start(project, str(number)) for number in range(5)]
    said = [process.communicate(timeout=600) for process in running]
    assert [process.returncode for process in running] == [0] * 5, said
    at_work: dict[str, str] = {}
    for what, device, process in held(project):
        if what == "begin":
            assert device in ("0", "1") and device not in at_work, "a device has one stage at a time"
            at_work[device] = process
        else:
            assert at_work.pop(device) == process
    assert any("waiting for 1 of 2 GPUs" in out for out, _ in said)


def test_a_killed_holder_frees_both_devices_for_one_that_wants_both(project):
    project.set("wait_s", "60.0")
    holder = start(project, "a", 2)
    while not held(project):
        time.sleep(0.02)
    project.set("wait_s", "0.1")
    waiter = start(project, "b", 2)
    time.sleep(1.5)
    assert waiter.poll() is None and len(held(project)) == 1, "all or none"
    holder.kill()
    holder.communicate()
    _, errors = waiter.communicate(timeout=600)
    assert waiter.returncode == 0, errors
    assert [line[:2] for line in held(project)] == [("begin", "0,1"), ("begin", "0,1"), ("end", "0,1")]


def test_without_a_device_a_stage_runs_on_the_cpu(project):
    (project.folder / ".work/config").write_text("gpus = 0\n")
    process = start(project, "a", 2)
    assert process.wait(600) == 0 and held(project)[0][1] == "-"
    assert list(Path(project.folder, ".work/leases").iterdir()) == []
