"""Declared against actual access: stages alone with what they declare.

A stage declares its lock, its inputs and its parameters in the graph, its code in its receipt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from stages import graph
from stages.graph import Stage
from tests.pipeline.checkout import NOT_MADE_BY_STAGES, Checkout
from tests.pipeline.opened import code_of, traced, undeclared


def one_of_each_kind(stages: Sequence[Stage], built: set[str], most: int) -> list[Stage]:
    """Of the stages that are built one for each verb and paper, and for each code that needs no torch; of the others
    one for each verb that is built for no paper, the one for which the fewest stages are missing, at most `most`.

    Code of its own counts where a stage takes a second: the runner itself refuses modules that no receipt names, so
    what is left to see here are other files, which a verb's stages open alike.
    """
    missing = {
        stage.name: sum(one.name not in built for one in graph.ancestors(stages, [stage.name])) for stage in stages
    }
    kinds: dict[tuple[str, ...], Stage] = {}
    for stage in sorted(stages, key=lambda stage: missing[stage.name]):
        words = stage.cmd.split()
        verb, paper = words[3], dict(pairwise(words)).get("--paper", "")
        if stage.name in built:
            kinds.setdefault((verb,), stage)
            kinds.setdefault((verb, paper), stage)
            if "torch" not in stage.resources:
                kinds.setdefault((verb, paper, stage.code), stage)
        elif missing[stage.name] <= most:
            kinds.setdefault((verb,), stage)
    return list({stage.name: stage for stage in kinds.values()}.values())


@dataclass(frozen=True)
class Alone:
    """What a stage did in a tree of its own: files that differ from the finished copy's, and what it opened besides.

    `verb` is empty where nobody watched what it opened.
    """

    verb: str
    differs: list[str]
    opened: list[str]


def alone(copy: Checkout, stage: Stage, folder: Path, made: dict[str, Stage], watched: bool) -> Alone:
    """A stage of a finished copy where only its declared code, params and inputs are; strace watches it if asked."""
    sources = [dep for dep in stage.deps if dep not in made]
    files = {"params.yaml", *stage.homes.values(), *sources, *code_of(copy.folder, stage)}
    bare, trace = Checkout(folder / "tree", "smoke", sorted(files)), folder / "trace"
    for dep in stage.deps:
        if dep in made:
            (bare.folder / dep).parent.mkdir(parents=True, exist_ok=True)
            (bare.folder / dep).symlink_to(copy.folder / dep)
    words = stage.cmd.removeprefix("exec ").split()
    done = traced(bare, trace, *words) if watched else bare.call(*words)
    if done.returncode:
        return Alone("", [f"{stage.name}: {done.stderr[-2000:]}"], [])
    theirs = {name: path.read_bytes() for out in stage.outs for name, path in _files(copy.folder, out)}
    ours = {name: path.read_bytes() for out in stage.outs for name, path in _files(bare.folder, out)}
    differs = [name for name in sorted(theirs.keys() | ours.keys()) if theirs.get(name) != ours.get(name)]
    opened = undeclared(trace, bare.folder, [stage], copy.folder)[0].get(stage.name, ()) if watched else ()
    trace.unlink(missing_ok=True)
    return Alone(
        words[2] if watched else "",
        [f"{stage.name}: {name}" for name in differs],
        [f"{stage.name}: {path}" for path in sorted(opened)],
    )


def _files(folder: Path, out: str) -> Iterator[tuple[str, Path]]:
    place = folder / out
    for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
        if path.is_file() and path.name not in NOT_MADE_BY_STAGES:
            yield path.relative_to(folder).as_posix(), path
