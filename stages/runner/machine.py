"""What this machine allows, and what a run cost on it: facts that never enter a receipt."""

import ctypes
import json
import os
import platform
import re
import resource
import sys
import time
import tomllib
from collections.abc import Mapping
from pathlib import Path

CONFIG = Path(".work/config")
RUNS = Path(".work/runs")
RESUME = Path(".work/resume")
# Numbers of glibc's malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KNOWN = {"gpus": int, "processes": int, "resume_root": str}


def config() -> dict:
    """Reads `.work/config` (TOML): `gpus`, `processes`, `resume_root`; empty if there is none.

    Raises: ValueError for a file that is none or no TOML, a key that nothing reads, and a value of another kind.
    """
    if not os.path.lexists(CONFIG):
        return {}
    if not CONFIG.is_file():
        raise ValueError(f"{CONFIG}: expected a file, found a folder, a pipe or a link that leads nowhere")
    try:
        content = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{CONFIG} is not TOML: {error}; mend or remove it") from None
    unknown = sorted(set(content) - set(KNOWN))
    if unknown:
        raise ValueError(f"{CONFIG}: unknown keys {unknown}; known are {list(KNOWN)}")
    for key, value in content.items():
        if type(value) is not KNOWN[key] or (value < 0 if isinstance(value, int) else "\0" in value):
            expected = "a path" if KNOWN[key] is str else "a whole number of at least 0"
            raise ValueError(f"{CONFIG}: {key} is {value!r}; expected {expected}")
    return content


def limit_threads(threads: int) -> None:
    """Tells the numeric libraries how many threads they have; must come before their first import.

    Raises: RuntimeError if numpy or torch is already imported, since they would not listen.
    """
    early = [name for name in ("numpy", "torch") if name in sys.modules]
    if early:
        raise RuntimeError(f"{', '.join(early)} imported before the thread count was set; import inside the function")
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Lets glibc reuse freed blocks of up to 1 GiB: thousands of page faults fewer in each training step on a CPU."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 1 << 30)
        mallopt(M_TRIM_THRESHOLD, 1 << 30)


def log_run(
    stage: str,
    started: float,
    fingerprint: str,
    resume: str,
    code: int,
    gpus: list[str],
    failure: str,
    used: Mapping[str, object],
) -> None:
    """Appends one line about a run: times, machine, outcome, and what it `used`, where that is known."""
    RUNS.mkdir(parents=True, exist_ok=True)
    record = {
        "stage": stage,
        "fingerprint": fingerprint,
        "resume": resume,
        "started": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(started)),
        "seconds": round(time.time() - started, 3),
        "host": platform.node(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "gpus": gpus,
        "python": platform.python_version(),
        "engine": "dvc" if "DVC_STAGE" in os.environ else "other",
        "exit": code,
        "failure": failure,
        **used,
    }
    with (RUNS / f"{stage.replace('/', '~')}.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(record, sort_keys=True) + "\n")


def used() -> dict[str, object]:
    """What this process has used so far: processor time, memory, versions of libraries, and torch's instructions."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 3),
        "peak_memory_mb": peak_memory_mb(),
        "versions": _versions(),
        **_capability(),
    }


def peak_memory_mb() -> int:
    """The most memory that this process held at a time, in MiB.

    By the kernel's VmHWM: getrusage's ru_maxrss is kept through fork and exec, so that of a small stage it tells what
    the engine held that started it.
    """
    try:
        found = re.search(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1] if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss) // 1024


def _versions() -> dict[str, str]:
    named = ("numpy", "torch", "torchvision", "PIL", "pyarrow", "sklearn", "scipy", "matplotlib", "lmdb")
    return {name: str(getattr(sys.modules[name], "__version__", "?")) for name in named if name in sys.modules}


def _capability() -> dict[str, str]:
    """The CPU's instructions that torch computes with, AVX512 for one: other ones round otherwise."""
    torch = sys.modules.get("torch")
    # An import that failed half way leaves a module without its parts.
    known = getattr(getattr(getattr(torch, "backends", None), "cpu", None), "get_cpu_capability", None)
    return {"cpu_capability": known()} if known else {}
