"""Leases of GPUs, as files with a configured count: more stages than devices queue up, and death frees a device."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.house.toy_project import ToyProject

NOTED = """
    import os, time
    device = os.environ["CUDA_VISIBLE_DEVICES"]
    with open(".work/devices", "a") as stream:
        stream.write(f"begin {device or '-'} {os.getpid()}\\\\n")
    while os.path.exists(".work/hold"):
        time.sleep(0.02)
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
    return made


def start(project: ToyProject, name: str, count: int = 1) -> subprocess.Popen:
    """A stage that works as long as .work/hold is there; what it says goes to a file of its name."""
    words = project.command(out=f"results/store/demo/toy/{name}", extra=("--gpu", str(count)))
    with (project.folder / ".work" / name).open("w") as said:
        return subprocess.Popen(words, cwd=project.folder, stdout=said, stderr=subprocess.STDOUT, text=True)


def said(project: ToyProject, name: str) -> str:
    return (project.folder / ".work" / name).read_text()


def until(done: Callable[[], bool], what: str) -> None:
    for _ in range(12000):
        if done():
            return
        time.sleep(0.05)
    pytest.fail(what)


def held(project: ToyProject) -> list[tuple[str, str, str]]:
    place = project.folder / ".work/devices"
    return [tuple(line.split()) for line in place.read_text().splitlines()] if place.exists() else []


def test_five_stages_share_two_devices_and_all_get_one(project):
    hold, names = project.folder / ".work/hold", [str(number) for number in range(5)]
    hold.touch()
    running = [start(project, name) for name in names]
    # However slowly they start: two are at work, and each of the others has said that it waits.
    until(lambda: sum("waiting for 1 of 2 GPUs" in said(project, name) for name in names) == 3, "three must wait")
    assert [what for what, *_ in held(project)] == ["begin"] * 2
    hold.unlink()
    assert [process.wait(600) for process in running] == [0] * 5, [said(project, name) for name in names]
    at_work: dict[str, str] = {}
    for what, device, process in held(project):
        if what == "begin":
            assert device in ("0", "1") and device not in at_work, "a device has one stage at a time"
            at_work[device] = process
        else:
            assert at_work.pop(device) == process
    assert len(held(project)) == 10 and not at_work


def test_a_killed_holder_frees_both_devices_for_one_that_wants_both(project):
    hold = project.folder / ".work/hold"
    hold.touch()
    holder = start(project, "a", 2)
    until(lambda: bool(held(project)), "the first must get both")
    waiter = start(project, "b", 2)
    until(lambda: "waiting for 2 of 2 GPUs" in said(project, "b"), "the second must wait")
    assert waiter.poll() is None and len(held(project)) == 1, "all or none"
    holder.kill()
    holder.wait()
    hold.unlink()
    assert waiter.wait(600) == 0, said(project, "b")
    assert [line[:2] for line in held(project)] == [("begin", "0,1"), ("begin", "0,1"), ("end", "0,1")]


def test_without_a_device_a_stage_runs_on_the_cpu(project):
    (project.folder / ".work/config").write_text("gpus = 0\n")
    process = start(project, "a", 2)
    assert process.wait(600) == 0 and held(project)[0][1] == "-"
    assert list(Path(project.folder, ".work/leases").iterdir()) == []
