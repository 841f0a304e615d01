"""What a stage's process loads of this project: compiled from the source as it is read, and hashed in that moment.

`python -m stages.<verb>` imports the package first, and the package calls `begin` before anything else of it is loaded.
From then on no compiled file (.pyc) of the project is believed or written. Once the runner knows which code the receipt
names, `hold` compares it with what was loaded, and every later import is compared as it happens.
"""

import gc
import hashlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType, ModuleType

# As Python reached it, links and all: what it loads bears the same path.
TOP = Path(__file__).absolute().parents[1]
# How a process that this one starts (multiprocessing, spawn) hears what it may load.
HELD = "RETRACE_CODE"
# Loaded before `begin` can see to it.
BEFORE = ("stages/__init__.py", "stages/loading.py")


class ChangedCode(ImportError):
    """A source file has other bytes than at the start of the run."""


class OtherCode(ImportError):
    """What would run is not among the files that the receipt names."""


class _Ledger:
    """sha256 of each source that was loaded, by its path from the top, and what the receipt says once that is known."""

    def __init__(self, held: Mapping[str, str] | None) -> None:
        self.loaded: dict[str, str] = {}
        self.held = held

    def note(self, path: str, sha256: str) -> None:
        self.loaded[path] = sha256
        if self.held is not None:
            self.compare(path, self.held)

    def compare(self, path: str, held: Mapping[str, str]) -> None:
        if path not in held:
            raise OtherCode(
                f"{path} would run, and is not among the code that the receipt names; where a folder and a file have "
                "one name, Python takes the folder: take one of them away"
            )
        if self.loaded[path] != held[path]:
            raise ChangedCode(f"{path} was edited while the stage ran; run it again, with the code at rest")


class _FromSource(importlib.machinery.SourceFileLoader):
    """Compiles the bytes that it hashes."""

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_data(self.path)
        _begun().note(_place(self.path), hashlib.sha256(source).hexdigest())
        return self.source_to_code(source, self.path)


class _Uncollected(importlib.machinery.SourceFileLoader):
    """Loads torch while nothing is collected: to go through half a million objects that stay takes a sixth of it."""

    def exec_module(self, module: ModuleType) -> None:
        gc.disable()
        try:
            super().exec_module(module)
        finally:
            gc.freeze()
            gc.enable()


class _Finder(importlib.abc.MetaPathFinder):
    """Finds the project's modules as Python would, and has them loaded from source; torch as Python would, quicker."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != "torch" and not fullname.startswith("stages."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            return spec
        is_source = isinstance(spec.loader, importlib.machinery.SourceFileLoader)
        if fullname == "torch":
            spec.loader = _Uncollected(fullname, spec.origin) if is_source else spec.loader
            return spec
        if not is_source:
            raise OtherCode(f"{spec.origin} stands in for the source of {fullname}; take it away")
        spec.loader, spec.cached = _FromSource(fullname, spec.origin), None
        return spec


_ledger: _Ledger | None = None


def begin() -> None:
    """In a stage's process, or one that it started, has all that follows loaded from source; elsewhere does nothing."""
    global _ledger
    if _ledger is None and (is_stage() or _is_member()):
        _ledger = _Ledger(json.loads(os.environ[HELD]) if _is_member() else None)
        sys.meta_path.insert(0, _Finder())


def is_stage() -> bool:
    """True where Python was started as `python -m stages.<verb>`."""
    words = sys.orig_argv
    asked = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    return asked.startswith("stages.") and asked.count(".") == 1


def hold(code: Mapping[str, str]) -> None:
    """From now on only these files, by sha256, may have been loaded or be loaded, here and in processes started here.

    Raises: ChangedCode, OtherCode, naming the first file that differs.
    """
    ledger = _begun()
    for path in BEFORE:
        ledger.loaded[path] = _as_compiled(path)
    ledger.held = dict(code)
    for path in sorted(ledger.loaded):
        ledger.compare(path, code)
    os.environ[HELD] = json.dumps(ledger.held)


def _begun() -> _Ledger:
    if _ledger is None:
        raise OtherCode(f"the package {TOP / 'stages'} began without stages/loading.py; remove its __pycache__ folders")
    return _ledger


def _is_member() -> bool:
    return HELD in os.environ and any("multiprocessing" in word for word in sys.orig_argv)


def _place(path: str) -> str:
    """A path from the top; one that lies elsewhere as it is, which no receipt names."""
    whole = Path(path).absolute()
    return whole.relative_to(TOP).as_posix() if whole.is_relative_to(TOP) else whole.as_posix()


def _as_compiled(path: str) -> str:
    """sha256 of a source whose compiled file, if there is one, says the same.    Raises: OtherCode."""
    source = (TOP / path).read_bytes()
    compiled = Path(importlib.util.cache_from_source(str(TOP / path)))
    if compiled.is_file():
        # The first 16 bytes say for which source it was made.
        held = marshal.loads(compiled.read_bytes()[16:])
        if held != compile(source, str(TOP / path), "exec", dont_inherit=True):
            raise OtherCode(f"{compiled} is not what {path} compiles to; remove it")
    return hashlib.sha256(source).hexdigest()
