"""The graph as one profile resolves it, and a stage's command as the runner reads it."""

import importlib
import re
import shlex
import tempfile
from functools import cache
from pathlib import Path

from stages import graph
from stages.runner.arguments import parse

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ("smoke", "demo", "lite", "paper")


@cache
def stages_here() -> tuple[graph.Stage, ...]:
    """The project's own graph, resolved once a process."""
    return graph.load(ROOT)


@cache
def stages_in(profile: str) -> tuple[graph.Stage, ...]:
    """The resolved graph as it is when params.yaml names another profile, resolved once a process."""
    text = (ROOT / "params.yaml").read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)^profile: \w+", f"profile: {profile}", text)
    assert count == 1
    with tempfile.TemporaryDirectory() as folder:
        return with_files(Path(folder), {"params.yaml": changed})


def with_files(folder: Path, texts: dict[str, str]) -> tuple[graph.Stage, ...]:
    """The graph of a folder that holds these texts and, by link, the rest of what a graph names."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name in ("dvc.yaml", "params.yaml", "stages", "envs", "data"):
        if (ROOT / name).exists() and not (folder / name).exists():
            (folder / name).symlink_to(ROOT / name)
    return graph.load(folder)


def arguments_of(stage: graph.Stage):
    """The stage's command as the runner reads it, with the choices its verb allows."""
    words = shlex.split(stage.cmd)
    assert words[:3] == ["exec", "python", "-m"]
    verb = importlib.import_module(words[3])
    given = {word[2:] for word in words if word.startswith("--")}
    known = {"block", "in", "some", "spare", "files", "out", "threads", "gpu"}
    return verb, parse(words[3].removeprefix("stages."), tuple(sorted(given - known)), words[4:])


def modules_of(verb, arguments) -> tuple[str, ...]:
    """The modules that the verb's choices name; the first holds the block."""
    chosen = verb.module_of(arguments.choices) if hasattr(verb, "module_of") else verb.__name__
    return (chosen,) if isinstance(chosen, str) else chosen
