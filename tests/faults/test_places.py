"""Folders that refuse, vanish or have hard names: a known exit code, the path in the message, nothing half done."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from tests.faults.conftest import place
from tests.house.toy_project import ToyProject

OUT = "results/store/demo/toy/a"
NOBODY = 65534
# Root may do everything, so the stage runs as another user; everything is imported before, since packages may lie where
# that user cannot read.
AS_ANOTHER = """
import os, runpy, sys
sys.path[0] = os.getcwd()
sys.dont_write_bytecode = True
import stages.runner.main, sqlite3, encodings.idna, packaging.requirements
if os.geteuid() == 0:
    os.setgroups([]); os.setgid({nobody}); os.setuid({nobody})
sys.argv = ["toy", *sys.argv[1:]]
runpy.run_module("stages.toy", run_name="__main__", alter_sys=True)
"""


@pytest.fixture
def project():
    """A project that everybody may enter, with one output; the stage may write only where the test lets it."""
    with tempfile.TemporaryDirectory(prefix="places é ", dir=place()) as name:
        os.chmod(name, 0o755)
        made = ToyProject(Path(name) / "a project")
        assert made.run().returncode == 0
        yield made
        # So that it can be removed, also by a user who is not root.
        for root, folders, _ in os.walk(made.folder):
            for folder in folders:
                os.chmod(Path(root, folder), 0o755)


def open_to_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        os.chmod(path, 0o777 if path.is_dir() else 0o666)


def as_another(project: ToyProject, *layers: str, extra: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    words = project.command(*layers, extra=extra)[3:]
    program = AS_ANOTHER.format(nobody=NOBODY)
    return subprocess.run(
        [sys.executable, "-c", program, *words], cwd=project.folder, capture_output=True, text=True, timeout=600,
        check=False,
    )  # fmt: skip


def test_another_user_who_may_write_can_run_the_stage(project):
    """The control of the tests below."""
    open_to_all(project.folder)
    done = as_another(project, "four")
    assert done.returncode == 0, done.stderr
    assert (project.folder / OUT / "number.txt").read_text() == "4\n"


@pytest.mark.parametrize("closed", ["results/store/demo/toy", ".work/locks", ".work", "results/receipts"])
def test_a_folder_that_may_not_be_written_is_named(project, closed):
    open_to_all(project.folder)
    if closed == ".work":
        shutil.rmtree(project.folder / ".work")
        (project.folder / ".work").mkdir()
    for path in [project.folder / closed, *(project.folder / closed).rglob("*")]:
        os.chmod(path, 0o555 if path.is_dir() else 0o444)
    done = as_another(project, "four")
    assert done.returncode == 74 and "Permission denied" in done.stderr, done.stderr
    assert closed in done.stderr and "Traceback" not in done.stderr
    hidden = [path for path in (project.folder / "results").rglob(".*") if path.name.endswith((".tmp", ".old"))]
    assert hidden == []


def test_an_unreadable_folder_inside_an_input_is_no_empty_one(project):
    """Skipping it would pin fewer bytes than the stage may read."""
    source = project.folder / "half"
    (source / "sub").mkdir(parents=True)
    (source / "number.txt").write_text("5\n")
    (source / "sub/more.txt").write_text("6\n")
    (source / "receipt.json").write_bytes((project.folder / OUT / "receipt.json").read_bytes())
    open_to_all(project.folder)
    os.chmod(source / "sub", 0o000)
    done = as_another(project, "four", extra=("--in", "data=half"))
    assert done.returncode == 74 and "Permission denied" in done.stderr and "half/sub" in done.stderr, done.stderr


def test_an_output_folder_that_vanishes_fails_the_stage_and_the_next_run_succeeds(project):
    (project.folder / "started").unlink()
    project.set("wait_s", "1.5")
    process = project.start("four")
    while not (project.folder / "started").exists():
        time.sleep(0.02)
    shutil.rmtree(project.folder / "results/store")
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 70 and "without writing anything" in errors
    assert not (project.folder / OUT).exists()
    project.set("wait_s", "0.0")
    assert project.run("four").returncode == 0


def test_a_name_that_is_too_long_is_an_error_with_a_code(project):
    done = project.run(out=f"results/store/{'x' * 250}")
    assert done.returncode == 74 and "File name too long" in done.stderr and "Traceback" not in done.stderr
    done = project.run(out="/".join(["results", *["deep" * 10] * 5]))
    assert done.returncode in (0, 74) and "Traceback" not in done.stderr


def test_a_stage_whose_name_begins_like_another_s_does_not_sweep_what_that_one_writes(project):
    """`a` and `a.b` lie side by side; `a` runs while `a.b` is at work."""
    (project.folder / "started").unlink()
    project.set("wait_s", "3.0")
    slow = project.start(out=f"{OUT}.b")
    while not (project.folder / "started").exists():
        time.sleep(0.02)
    project.set("wait_s", "0.0")
    assert project.run("four").returncode == 0
    _, errors = slow.communicate(timeout=600)
    assert slow.returncode == 0, errors
    assert (project.folder / f"{OUT}.b" / "number.txt").read_text() == "3\n"


def test_outputs_that_are_links_or_loops_are_refused(project):
    """A digest of a link would pin nothing; a loop must not hang."""
    verb = project.folder / "stages/toy.py"
    verb.write_text(verb.read_text().replace('Path("started").touch()', '(job.out / "loop").symlink_to(job.out)'))
    done = project.run("four")
    assert done.returncode == 65 and "expected a plain file or a link into DVC's cache, found a link" in done.stderr
    assert (project.folder / OUT / "number.txt").read_text() == "3\n", "the last good output stays"
