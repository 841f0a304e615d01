"""Runs tests in processes that differ from one another by one planted fault.

The first process imports what the tests import; each run is a fork of it, which forgets the one module and all that
import it, compiles that module from its changed text, and lets pytest import the rest anew. So a fault is where any
importer meets it, what runs are the tests as they are, and no file on the disk changes.
"""

import contextlib
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from stages.runner.code import Code
from tests.mutants.fault import ROOT, Fault

KILLED, SURVIVED, BROKEN = "killed", "survived", "broken"
LIBRARIES = ("torch", "numpy", "pytest")  # what every run needs; `share` imports what else the tests do
OWN = ("tests", "conftest", "__main__", "_pytest", "pytest")
# A fault that stops at one of these was noticed by Python and not by a test.
NO_ANSWER = (ImportError, NameError, SyntaxError)
PAUSE_S = 0.02


@dataclass(frozen=True)
class Run:
    """Tests with a fault, or without one to see that they pass."""

    tests: tuple[str, ...]
    fault: Fault | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a run: one of the three words, the test and the error that decided it, what it imported."""

    word: str
    why: str
    seconds: float
    libraries: tuple[str, ...] = ()


class _Changed(importlib.machinery.SourceFileLoader):
    """Compiles a module from another text than its file's."""

    def __init__(self, name: str, path: str, text: str) -> None:
        super().__init__(name, path)
        self.text = text

    def get_code(self, fullname: str) -> CodeType:
        return self.source_to_code(self.text.encode(), self.path)


class _Planter(importlib.abc.MetaPathFinder):
    """Has one module loaded with its fault."""

    def __init__(self, fault: Fault) -> None:
        self.name, self.text, self.used = fault.module, fault.planted(), False

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        assert spec is not None and spec.origin is not None, f"no module {fullname}"
        spec.loader, spec.cached, self.used = _Changed(fullname, spec.origin, self.text), None, True
        return spec


class _Watch:
    """Notes the first failure of a session."""

    def __init__(self) -> None:
        self.first: tuple[str, BaseException, bool] | None = None

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        if self.first is None and call.excinfo is not None:
            self.first = (node.nodeid, call.excinfo.value, report.when == "collect")


def prepare() -> None:
    """Imports what all runs need; call it before the first fork, in a process without threads."""
    for name in [name for name in os.environ if name.startswith(("PYTEST_", "RETRACE_"))]:
        del os.environ[name]
    # As in tests/conftest.py, before any numeric library is imported: one thread each, and none before a fork.
    for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        os.environ[f"{library}_NUM_THREADS"] = "1"
    # No test needs a plugin, and each is imported in every fork.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for name in LIBRARIES:
        importlib.import_module(name)


def share(libraries: Iterable[str]) -> None:
    """Imports here what runs would import one by one; what cannot be imported here, they import for themselves."""
    for name in libraries:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


@cache
def _sources() -> Code:
    return Code(ROOT, cached=False)


@cache
def importers(module: str) -> tuple[str, ...]:
    """What of the project is imported here and imports the module, directly or not; the module itself too."""
    file = f"{module.replace('.', '/')}.py"
    own = [name for name in sys.modules if name.startswith("stages.") and sys.modules[name].__file__ is not None]
    return tuple(name for name in own if name == module or file in _sources().closure([name]))


def forget(module: str) -> None:
    """Has the module and its importers imported anew by whoever asks for them next."""
    for name in importers(module):
        package, _, leaf = name.rpartition(".")
        # `from package import module` would find the old one here, without asking for the module.
        if hasattr(sys.modules.get(package), leaf):
            delattr(sys.modules[package], leaf)
        del sys.modules[name]


def outcomes(runs: Sequence[Run], jobs: int, timeout_s: float, told: Callable[[int, Outcome], None]) -> list[Outcome]:
    """The outcome of each run, at most `jobs` at once; `told` hears each as it ends."""
    found: dict[int, Outcome] = {}
    waiting, going = list(enumerate(runs)), dict[int, tuple[int, float, Path]]()
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        try:
            while waiting or going:
                while waiting and len(going) < jobs:
                    number, run = waiting.pop(0)
                    folder = Path(name, str(number))
                    folder.mkdir()
                    going[_forked(run, folder)] = (number, time.monotonic(), folder)
                for pid, outcome in _ended(going, timeout_s):
                    number = going.pop(pid)[0]
                    found[number] = outcome
                    told(number, outcome)
                time.sleep(PAUSE_S)
        finally:
            for pid in going:
                os.killpg(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    return [found[number] for number in range(len(runs))]


def _ended(going: dict[int, tuple[int, float, Path]], timeout_s: float) -> Iterator[tuple[int, Outcome]]:
    for pid, (_, begun, folder) in list(going.items()):
        passed, (done, status) = time.monotonic() - begun, os.waitpid(pid, os.WNOHANG)
        if done:
            answer = folder / "answer.json"
            if answer.is_file():
                held = json.loads(answer.read_text())
                yield pid, Outcome(held["word"], held["why"], passed, tuple(held["libraries"]))
            else:
                yield pid, Outcome(BROKEN, f"the process ended with {status} and said nothing", passed)
        elif passed > timeout_s:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            yield pid, Outcome(BROKEN, f"not done after {timeout_s:g} s", passed)


def _forked(run: Run, folder: Path) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if run.fault is not None:
        importers(run.fault.module)  # found here, once for all faults of a module
    if pid := os.fork():
        # Here too, so that it is a group of its own whoever is first.
        os.setpgid(pid, pid)
        return pid
    try:
        before = set(sys.modules)
        os.setpgid(0, 0)
        page = os.open(folder / "page", os.O_WRONLY | os.O_CREAT)
        for stream in (1, 2):
            os.dup2(page, stream)
        word, why = _answer(run, folder)
        new = [name for name in sys.modules if name not in before and name.split(".")[0] not in OWN]
        (folder / "answer.json").write_text(json.dumps({"word": word, "why": why, "libraries": new}))
    finally:
        os._exit(0)


def _answer(run: Run, folder: Path) -> tuple[str, str]:
    import pytest

    os.chdir(ROOT)
    # Failing examples are no news for the tests of the sound code.
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(folder / "hypothesis")
    planter = None
    if run.fault is not None:
        forget(run.fault.module)
        planter = _Planter(run.fault)
        sys.meta_path.insert(0, planter)
    watch = _Watch()
    words = ["-x", "-q", "-o", "addopts=--strict-markers", "-p", "no:cacheprovider", "--basetemp", str(folder / "made")]
    code = pytest.main([*words, *run.tests], plugins=[watch])
    if watch.first is not None:
        node, error, collecting = watch.first
        # Of an error of collecting the last line says what it was.
        lines = str(error).splitlines() or [""]
        said = f"{node}: {type(error).__name__}: {lines[-1 if collecting else 0][:200]}"
        return (BROKEN if collecting or isinstance(error, NO_ANSWER) else KILLED), said
    if code != 0:
        return BROKEN, f"pytest ended with {int(code)}: {(folder / 'page').read_text(errors='replace')[-300:]}"
    if planter is not None and not planter.used:
        return SURVIVED, "its tests never load the module"
    return SURVIVED, ""
