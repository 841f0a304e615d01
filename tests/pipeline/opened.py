"""What strace saw a stage open, against what it declares."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from stages.graph import Stage
from tests.pipeline.checkout import BIN, Checkout

STRACE = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "8192", "-e", "trace=%file,process", "-o")
LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<words>.*)\) += (?P<value>-?\d+|\?)(?:<(?P<path>.*?)>)?")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)")
UNFINISHED = " <unfinished ...>"
CHILD = ("clone", "clone3", "fork", "vfork")
HOME = Path.home()
# The interpreter and its packages, the system, fonts and the list of fonts that the drawing library keeps.
OUTSIDE = tuple(
    str(path) for path in (
        sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/dev",
        HOME / ".config/matplotlib", HOME / ".cache/matplotlib", HOME / ".cache/fontconfig", HOME / ".fonts",
        HOME / ".local/share/fonts", "/var/cache/fontconfig",
    )
)  # fmt: skip


def traced(copy: Checkout, trace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs a program of this environment inside a copy; what it opens is written into `trace`."""
    strace = "import os, sys; os.execvp('strace', sys.argv[1:])"
    return copy.call("python", "-c", strace, *STRACE, str(trace), str(BIN / words[0]), *words[1:])


def code_of(folder: Path, stage: Stage) -> list[str]:
    """The source files that a stage's own receipt says it ran with."""
    place = next((out for out in stage.outs if out.startswith("results/receipts/")), f"{stage.outs[0]}/receipt.json")
    return list(json.loads((folder / place).read_bytes())["code"])


def undeclared(
    trace: Path, folder: Path, stages: Sequence[Stage], linked: Path | None = None
) -> tuple[dict[str, set[str]], set[str]]:
    """({stage: paths it or its children opened for reading and does not declare}, the stages that ran).

    A process belongs to the stage whose command it became by execve, or else to its parent's. Inputs may lie in the
    tree that is `linked`.
    """
    by_out = {
        re.sub(r"\.\w+$", "", stage.outs[0]) if stage.files or stage.shown else stage.outs[0]: stage for stage in stages
    }
    parents: dict[str, str] = {}
    events = list(_events(trace))
    for pid, call, _, value, _ in events:
        if call in CHILD and value.isdecimal() and value != "0":
            parents.setdefault(value, pid)
    became: dict[str, Stage] = {}

    def stage_of(pid: str | None) -> Stage | None:
        while pid is not None and pid not in became:
            pid = parents.get(pid)
        return became[pid] if pid else None

    found: dict[str, set[str]] = {}
    code: dict[str, list[str]] = {}
    for pid, call, words, value, path in events:
        if call == "execve" and value == "0":
            out = re.search(r'"-m", "stages\.\w+".*"--out", "([^"]+)"', words)
            if out:
                became[pid] = by_out[_text(out[1])]
        # What is opened with O_EXCL did not exist before.
        elif call in ("open", "openat") and path and "O_WRONLY" not in words and "O_EXCL" not in words:
            stage = stage_of(pid)
            if stage and stage.name not in code:
                code[stage.name] = code_of(folder, stage)
            place = _text(path)
            if linked and Path(place).is_relative_to(linked):
                place = str(folder / Path(place).relative_to(linked))
            if stage and not _allowed(stage, code[stage.name], place, folder):
                found.setdefault(stage.name, set()).add(_text(path))
    return found, {stage.name for stage in became.values()}


def _events(trace: Path) -> Iterator[tuple[str, str, str, str, str | None]]:
    """(process, call, arguments, value, path behind a descriptor), with calls that strace cut in two put together."""
    begun: dict[tuple[str, str], str] = {}
    with trace.open(encoding="utf-8", errors="surrogateescape") as lines:
        for text in lines:
            line = text.rstrip("\n")
            resumed = RESUMED.fullmatch(line)
            if line.endswith(UNFINISHED):
                pid, call = re.match(r"(\d+) +(\w+)", line).groups()
                begun[pid, call] = line.removesuffix(UNFINISHED)
                continue
            if resumed:
                line = begun.pop((resumed[1], resumed[2]), "") + resumed[3]
            if match := LINE.match(line):
                yield match["pid"], match["call"], match["words"], match["value"], match["path"]


def _text(escaped: str) -> str:
    """strace writes bytes beyond ASCII as octal numbers."""
    return re.sub(r"\\(\d{1,3})", lambda match: chr(int(match[1], 8)), escaped).encode("latin-1", "replace").decode()


def _allowed(stage: Stage, code: Sequence[str], path: str, folder: Path) -> bool:
    if path.startswith(tuple(f"{place}/" for place in OUTSIDE)) or path in OUTSIDE:
        return True
    if not Path(path).is_relative_to(folder):
        return False
    name = Path(path).relative_to(folder)
    own = {"params.yaml", *stage.homes.values(), ".work", "results/receipts", *stage.deps, *stage.outs, *code}
    compiled = re.fullmatch(r"(.*)__pycache__/(\w+)\.cpython-\d+(\.opt-\d)?\.pyc(\.\d+)?", name.as_posix())
    if compiled:
        name = Path(f"{compiled[1]}{compiled[2]}.py")
    # The runner writes under a temporary name beside the output, and opens folders to look up what lies in them.
    temporary = re.compile(
        "|".join(
            rf"{re.escape(str(p.parent))}/\.{re.escape(p.stem)}\.\d+\.(tmp|old)" for p in map(PurePosixPath, stage.outs)
        )
    )
    places = {name.as_posix(), *map(str, name.parents)}
    if places & own or any(temporary.fullmatch(place) for place in places):
        return True
    return any(PurePosixPath(one).is_relative_to(name) for one in own)
