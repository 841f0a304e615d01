"""Writes what a gap touches into gaps.yaml anew, from the graph: `python -m tests.papers.declare_gaps`."""

import textwrap
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path

import yaml

from stages import graph
from tests.house.resolved import stages_here

ROOT = Path(__file__).resolve().parents[2]
PAPER = "contrasfill"
GAPS = ROOT / "stages/papers" / PAPER / "gaps.yaml"
CLAIMS = ROOT / "stages/papers" / PAPER / "claims.yaml"


def reads(stage: graph.Stage, key: str) -> bool:
    """Whether a stage's layers hold a key, or are it, or lie within it."""
    return any(key == layer or key.startswith(f"{layer}.") or layer.startswith(f"{key}.") for layer in stage.params)


def matching(stages: Sequence[graph.Stage], patterns: Iterable[str]) -> set[graph.Stage]:
    """The stages that names of groups, or patterns over names of stages, stand for."""
    return {stage for stage in stages for p in patterns if fnmatchcase(stage.name, p) or fnmatchcase(stage.group, p)}


def direct(stages: Sequence[graph.Stage], gap: dict) -> set[graph.Stage]:
    """The stages that a gap's keys reach; without keys those that it names itself."""
    if not gap["keys"]:
        return matching(stages, gap["stages"])
    return {stage for stage in stages if any(reads(stage, key) for key in gap["keys"])}


def stale(stages: Sequence[graph.Stage], first: set[graph.Stage]) -> set[graph.Stage]:
    """These stages and everything after them."""
    readers: dict[str, list[graph.Stage]] = {}
    for stage in stages:
        for dep in stage.deps:
            readers.setdefault(dep, []).append(stage)
    reached, waiting = set(first), list(first)
    while waiting:
        after = {stage for out in waiting.pop().outs for stage in readers.get(out, ())} - reached
        reached |= after
        waiting += after
    return reached


def patterns(stages: Sequence[graph.Stage], found: set[graph.Stage]) -> list[str]:
    """Short names that stand for exactly these stages: a group, a group with one choice fixed, or single stages."""
    written = []
    for group in dict.fromkeys(stage.group for stage in stages):
        every = {stage for stage in stages if stage.group == group}
        left = every & found
        if left == every:
            written.append(group)
            continue
        choices = [stage.name.partition("@")[2].split("-") for stage in every]
        for axis, value in sorted(product(range(len(choices[0])), {part for choice in choices for part in choice})):
            pattern = f"{group}@" + "-".join(value if place == axis else "*" for place in range(len(choices[0])))
            if (same := matching(list(every), [pattern])) and same <= left:
                written.append(pattern)
                left -= same
        written += sorted(stage.name for stage in left)
    return written


def targets(stages: Sequence[graph.Stage], touched: set[graph.Stage]) -> list[str]:
    """The paper's final files among them, by their first output's path under results/."""
    own = [stage for stage in stages if stage in touched and stage.final and stage.meta.get("paper") == PAPER]
    return sorted(stage.outs[0].removeprefix("results/") for stage in own)


def claims(touched_targets: Iterable[str]) -> list[str]:
    """The claims whose numbers stand in one of these files."""
    listed = yaml.safe_load(CLAIMS.read_text(encoding="utf-8"))
    return [claim["id"] for claim in listed if claim["measured_by"] in set(touched_targets)]


def touched(stages: Sequence[graph.Stage], gap: dict) -> dict[str, list[str]]:
    """The three lists of one gap."""
    first = direct(stages, gap)
    files = targets(stages, stale(stages, first))
    return {"stages": patterns(stages, first), "targets": files, "claims": claims(files)}


def listed(key: str, values: list[str]) -> str:
    """One key with a flow list, wrapped."""
    text = f"  {key}: [{', '.join(values)}]"
    return textwrap.fill(text, 150, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def rewritten() -> str:
    """gaps.yaml with the three lists of every gap written anew and everything else as it is."""
    stages, text = stages_here(), GAPS.read_text(encoding="utf-8")
    parts = text.split("\n\n- id: ")
    held = {gap["id"]: gap for gap in yaml.safe_load(text)}
    made = [parts[0]]
    for part in parts[1:]:
        name = part.split("\n", 1)[0]
        before = part[: part.index("\n  stages:")]
        made.append("\n".join([before, *(listed(key, v) for key, v in touched(stages, held[name]).items())]))
    return "\n\n- id: ".join(made) + "\n"


if __name__ == "__main__":
    GAPS.write_text(rewritten(), encoding="utf-8")
