"""The code that ran is the code that the receipt names: edits during a run, stale files, stand-ins."""

import importlib.util
import json
import os
import py_compile
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stages.runner.exits import BAD_PARAMS, DONE, RETRY
from tests.house.toy_project import BLOCK, ToyProject

TARDY = (
    '''
"""A verb that imports its part late."""
import time
from pathlib import Path
from stages.runner import run_stage
'''
    + BLOCK
    + """
def tardy(job):
    Path("started").touch()
    while job.block.wait_s and not Path("go").exists():
        time.sleep(0.02)
    from stages.part import VALUE
    (job.out / "number.txt").write_text(f"{VALUE}\\n")
    Path("done").touch()
    while job.block.wait_s and not Path("end").exists():
        time.sleep(0.02)

if __name__ == "__main__":
    run_stage("tardy", tardy)
"""
)
SPREAD = (
    '''
"""A verb whose part is imported by a process that it starts."""
import multiprocessing
from pathlib import Path
from stages.runner import run_stage
'''
    + BLOCK
    + """
def member(connection):
    try:
        from stages.part import VALUE
    except ImportError as error:
        connection.send(error)
    else:
        connection.send(VALUE)

def spread(job):
    part = Path("stages/part.py")
    if job.block.wait_s:
        part.write_text("VALUE = 2\\n")
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=member, args=(there,))
    process.start()
    found = here.recv()
    process.join()
    part.write_text("VALUE = 1\\n")
    if isinstance(found, ImportError):
        raise found
    (job.out / "number.txt").write_text(f"{found}\\n")

if __name__ == "__main__":
    run_stage("spread", spread)
"""
)
OUT = "results/store/demo/toy/a"


class Tardy(ToyProject):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        (folder / "stages" / "tardy.py").write_text(TARDY)
        self.part = folder / "stages" / "part.py"
        self.part.write_text("VALUE = 1\n")

    def command(self, *layers: str, out: str = OUT, extra: tuple[str, ...] = ()) -> list[str]:
        words = super().command(*layers, out=out, extra=extra)
        return [word.replace("stages.toy", "stages.tardy") for word in words]

    def wait_for(self, name: str) -> None:
        until = time.monotonic() + 60
        while not (self.folder / name).exists():
            assert time.monotonic() < until, f"no {name}"
            time.sleep(0.02)

    def during(self, before, after) -> tuple[int, str]:
        """(exit code, stderr) of a run, with something done before the late import and something after it."""
        running = self.start("wait")
        self.wait_for("started")
        before()
        (self.folder / "go").touch()
        until = time.monotonic() + 60
        while not (self.folder / "done").exists() and running.poll() is None:
            assert time.monotonic() < until
            time.sleep(0.02)
        after()
        (self.folder / "end").touch()
        said = running.communicate(timeout=60)[1]
        return running.returncode, said

    def value(self) -> str | None:
        path = self.folder / OUT / "number.txt"
        return path.read_text().strip() if path.is_file() else None


@pytest.fixture
def tardy(tmp_path) -> Tardy:
    return Tardy(tmp_path)


def test_an_untouched_run_names_what_it_loaded(tardy):
    assert tardy.run().returncode == DONE and tardy.value() == "1"
    code = json.loads((tardy.folder / OUT / "receipt.json").read_bytes())["code"]
    assert {"stages/__init__.py", "stages/loading.py", "stages/tardy.py", "stages/part.py"} <= code.keys()
    assert not (tardy.folder / "stages/__pycache__/part.cpython-311.pyc").exists()


def test_an_edit_before_the_late_import_that_is_put_back_is_refused(tardy):
    code, said = tardy.during(
        lambda: tardy.part.write_text("VALUE = 2\n"), lambda: tardy.part.write_text("VALUE = 1\n")
    )
    assert code == RETRY and "stages/part.py was edited while the stage ran" in said
    assert tardy.value() is None
    for name in ("started", "go", "done", "end"):
        (tardy.folder / name).unlink(missing_ok=True)
    assert tardy.run().returncode == DONE and tardy.value() == "1"


def test_processes_that_a_stage_starts_load_the_same_code(tardy):
    (tardy.folder / "stages" / "spread.py").write_text(SPREAD)
    words = [word.replace("stages.tardy", "stages.spread") for word in tardy.command("wait")]
    done = subprocess.run(words, cwd=tardy.folder, capture_output=True, text=True)
    assert done.returncode == RETRY and "stages/part.py was edited while the stage ran" in done.stderr
    assert tardy.part.read_text() == "VALUE = 1\n", "put back before the end"
    words = [word.replace("stages.tardy", "stages.spread") for word in tardy.command()]
    assert subprocess.run(words, cwd=tardy.folder).returncode == DONE and tardy.value() == "1"


def test_an_edit_after_the_late_import_is_refused_at_publish(tardy):
    code, said = tardy.during(lambda: None, lambda: tardy.part.write_text("VALUE = 2\n"))
    assert code == RETRY and "stages/part.py was edited while the stage ran" in said and tardy.value() is None


def test_a_lock_edited_during_the_run_is_refused(tardy):
    lock = tardy.folder / "envs/core.lock"
    code, said = tardy.during(lambda: None, lambda: lock.write_text("six==1.15.0\n"))
    assert code == RETRY and "envs/core.lock was edited while the stage ran" in said and tardy.value() is None


def test_a_module_that_appears_during_the_run_is_refused(tardy):
    """A folder of the same name, which Python takes before the file."""

    def plant():
        (tardy.folder / "stages/part").mkdir()
        (tardy.folder / "stages/part/__init__.py").write_text("VALUE = 2\n")

    code, said = tardy.during(plant, lambda: None)
    assert code == BAD_PARAMS and "stages/part/__init__.py would run" in said and tardy.value() is None


def test_a_folder_beside_a_module_of_its_name_is_the_code_that_is_hashed(tardy):
    (tardy.folder / "stages/part").mkdir()
    (tardy.folder / "stages/part/__init__.py").write_text("VALUE = 2\n")
    assert tardy.run().returncode == DONE and tardy.value() == "2"
    code = json.loads((tardy.folder / OUT / "receipt.json").read_bytes())["code"]
    assert "stages/part/__init__.py" in code and "stages/part.py" not in code


def stale(source: Path, other: str) -> None:
    """A compiled file of other code that Python believes: size and time of the source are right."""
    own, times = source.read_bytes(), source.stat()
    source.write_text(other.ljust(len(own), "#"))
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    py_compile.compile(str(source), invalidation_mode=py_compile.PycInvalidationMode.TIMESTAMP)
    source.write_bytes(own)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))


def test_a_stale_compiled_file_is_not_believed(tardy):
    tardy.part.write_text("VALUE = 1  # a comment, for room\n")
    stale(tardy.part, "VALUE = 2")
    words = [sys.executable, "-c", "from stages.part import VALUE; print(VALUE)"]
    assert subprocess.run(words, cwd=tardy.folder, capture_output=True, text=True).stdout == "2\n", "Python believes it"
    assert tardy.run().returncode == DONE and tardy.value() == "1"


@pytest.mark.parametrize("name", ["__init__.py", "loading.py"])
def test_a_stale_compiled_file_of_what_sees_to_the_others_is_refused(tardy, name):
    source = tardy.folder / "stages" / name
    own = source.read_text()
    source.write_text(own + "# room for what stands in its place\n" * 4)
    stale(source, own + "PLANTED = True\n")
    done = tardy.run()
    assert done.returncode == BAD_PARAMS and f"is not what stages/{name} compiles to" in done.stderr
    assert tardy.value() is None


def test_compiled_files_without_a_source_are_refused(tardy):
    py_compile.compile(str(tardy.part), cfile=str(tardy.part.with_suffix(".pyc")))
    tardy.part.unlink()
    done = tardy.run()
    assert done.returncode == BAD_PARAMS and "part.pyc stands in for the source of stages.part" in done.stderr


@pytest.mark.parametrize("name", ["json/__init__.py", "difflib.py", "yaml/__init__.py", "fcntl.py", "ast.py"])
def test_a_file_in_the_project_stands_in_for_no_library(tardy, name):
    module = name.partition("/")[0].removesuffix(".py")
    real = importlib.util.find_spec(module).origin
    place = tardy.folder / name
    place.parent.mkdir(exist_ok=True)
    place.write_text(
        f"open('planted', 'w').close()\nexec(compile(open({real!r}).read(), {real!r}, 'exec'))\n"
        if real.endswith(".py")
        else "open('planted', 'w').close()\n"
    )
    done = tardy.run()
    assert done.returncode == DONE and tardy.value() == "1", done.stderr
    assert not (tardy.folder / "planted").exists()


def test_a_library_from_elsewhere_is_refused(tardy, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "sitecustomize.py").write_text("import json\njson.planted = True\n")
    done = subprocess.run(
        tardy.command(),
        cwd=tardy.folder,
        env={**os.environ, "PYTHONPATH": str(elsewhere)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == BAD_PARAMS and f"PYTHONPATH leads to {elsewhere}" in done.stderr


def test_a_module_that_a_stage_takes_from_elsewhere_is_refused(tardy, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "helpful.py").write_text("VALUE = 2\n")
    tardy.part.write_text(f"import sys\nsys.path.insert(0, {str(elsewhere)!r})\nfrom helpful import VALUE\n")
    done = tardy.run()
    assert done.returncode == BAD_PARAMS and "helpful was loaded from outside the environment" in done.stderr
    assert tardy.value() is None


def test_a_module_that_a_library_makes_without_a_file_is_none_from_elsewhere(tardy):
    """As torch does: torch.ops says of itself that it is _ops.py."""
    made = "import sys, types\nmade = sys.modules['made'] = types.ModuleType('made')\nmade.__file__ = '_made.py'\n"
    tardy.part.write_text(f"{made}VALUE = 3\n")
    done = tardy.run()
    assert done.returncode == DONE and tardy.value() == "3", done.stderr


def test_nothing_is_collected_while_torch_is_imported_and_everything_else_afterwards(tardy):
    """What torch left is frozen, so a later collection does not go through it; garbage of later is still found."""
    tardy.part.write_text("""
import gc, weakref
begun = []
gc.callbacks.append(lambda phase, facts: begun.append(phase))
import torch
DURING = len(begun)
class Knot:
    pass
knot = Knot()
knot.itself, seen = knot, weakref.ref(knot)
del knot
gc.collect()
VALUE = f"{DURING} {gc.isenabled()} {gc.get_freeze_count() > 100_000} {seen() is None} {torch.ones(2).sum().item()}"
""")
    done = tardy.run()
    assert done.returncode == DONE and tardy.value() == "0 True True True 2.0", done.stderr
