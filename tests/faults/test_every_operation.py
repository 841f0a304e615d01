"""SIGKILL and a full disk at every single change of the disk that a stage's run makes, from its lock to its log."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stages.runner.receipt import RECEIPTS, verify_output
from tests.faults import injection
from tests.house.toy_project import ToyProject

FOLDER = ("results/store/demo/toy/a", ())
FINAL = ("results/tables/t", ("--files", "txt"))
FEWEST = 20


@pytest.fixture(scope="module", params=[FOLDER, FINAL], ids=["folder", "final"])
def made(request, quick):
    """A project whose stage has run once; returns a function that runs it with other params under each fault."""
    out, extra = request.param
    project = ToyProject(quick / Path(out).name)
    assert project.run(out=out, extra=extra).returncode == 0
    shutil.rmtree(project.folder / ".work")
    (project.folder / ".work").mkdir()
    words = project.command("four", out=out, extra=extra)[3:]

    def run(kind: str) -> list[dict]:
        command = [sys.executable, injection.__file__, kind, *words]
        done = subprocess.run(command, cwd=project.folder, capture_output=True, text=True, timeout=900)
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    return project, out, run


def check(lines: list[dict], project: ToyProject, out: str, tmp_path: Path, one: Callable[[dict, dict], None]) -> None:
    """What holds after any fault: what lies under a final name is whole, and the next run ends like an undisturbed."""
    whole = lines.pop()
    assert whole["hit"] == "" and whole["code"] == 0 and len(lines) >= FEWEST, "every operation was hit once"
    for line in lines:
        place = tmp_path / "tree"
        for name, text in line["tree"].items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text) if text or name.count(".") else (place / name).mkdir(exist_ok=True)
        receipt = Path(out, "receipt.json") if "store" in out else Path("results/receipts/t.json")
        before = Path.cwd()
        os.chdir(place)
        try:
            problems = verify_output(receipt) if receipt.is_file() else []
            # An output folder appears with its receipt or not at all.
            problems += [f"{out} without receipt"] if "store" in out and Path(out).exists() != receipt.exists() else []
            is_new = receipt.is_file() and receipt.read_text() == whole["tree"][receipt.as_posix()]
            problems += unkept(receipt, out) if is_new else []
        finally:
            os.chdir(before)
        shutil.rmtree(place)
        assert problems == [], line["hit"]
        assert line["again"] == 0 and line["after"] == whole["after"], f"after {line['hit']}"
        one(line, whole)


def unkept(receipt: Path, out: str) -> list[str]:
    """An engine that finds a complete output runs its stage no more, so that its receipt must be kept by then."""
    value = hashlib.sha256(receipt.read_bytes()).hexdigest()
    kept, points = RECEIPTS / f"{value}.json", RECEIPTS / "current" / out.replace("/", "~")
    problems = [] if kept.is_file() and kept.read_bytes() == receipt.read_bytes() else [f"{kept} is not {receipt}"]
    told = points.read_text().strip() if points.is_file() else "nothing"
    return problems + ([] if told == value else [f"{points} says {told}, not {value}"])


def hidden(tree: dict) -> list[str]:
    return [name for name in tree if any(part.startswith(".") for part in Path(name).parts)]


def test_a_kill_at_any_operation_is_made_good_by_the_next_run(made, tmp_path):
    project, out, run = made

    def one(line, whole):
        assert line["code"] == -9

    check(run("kill"), project, out, tmp_path, one)


def test_a_full_disk_at_any_operation_is_told_and_leaves_nothing(made, tmp_path):
    """Exit 74 wherever the result is not complete; the fault of the log alone takes nothing from a complete one."""
    project, out, run = made

    def one(line, whole):
        assert hidden(line["tree"]) == [], f"left after {line['hit']}"
        complete = line["tree"] == whole["tree"]
        assert line["code"] == 74 or (complete and line["code"] == 0), f"{line['code']} after {line['hit']}"
        assert "Traceback" not in line["said"]
        if line["code"] and "said" not in line["hit"] and not complete:
            assert "No space left" in line["said"], line["hit"]

    check(run("full"), project, out, tmp_path, one)
