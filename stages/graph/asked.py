"""What a user asks Snakemake for: from which folder, and for which files."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from stages.graph.resolved import Stage
from stages.graph.rules import closest

PROGRAMS = ("snakemake", "__main__.py")
ALL = "all"
SHOWN = 3


def refuse_elsewhere(root: str | Path) -> None:
    """Raises: ValueError where Snakemake would look for the project's files in another folder than the Snakefile's."""
    here = Path.cwd()
    if not here.samefile(root):
        raise ValueError(f"expected the project's root, {root}; this is {here}: run snakemake there, or add -d {root}")


def refuse_unknown(stages: Sequence[Stage]) -> None:
    """Raises: ValueError naming each word of the command line that should be made and nothing makes, and what may be
    meant."""
    known = {ALL, *(stage.rule_name for stage in stages), *(out for stage in stages for out in stage.outs)}
    if Path(sys.argv[0]).name not in PROGRAMS or not _maybe_unknown(sys.argv[1:], known):
        return
    if unknown := [word for word in _asked(sys.argv[1:]) if not _is_known(word, known)]:
        raise ValueError("; ".join(f"nothing makes {word}{_meant(word, stages)}" for word in unknown))


def _maybe_unknown(words: Iterable[str], known: set[str]) -> bool:
    """Quick; Snakemake's own parser, which tells targets from values of options, is only asked where this is true."""
    return any(not word.startswith("-") and not word.isdecimal() and not _is_known(word, known) for word in words)


def _asked(words: list[str]) -> list[str]:
    from snakemake.cli import get_argument_parser

    given, _ = get_argument_parser().parse_known_args(words)
    options = (given.until, given.omit_from, given.forcerun, given.prioritize)
    return [*given.targets, *(word for held in options for word in sorted(held or ()))]


def _is_known(word: str, known: set[str]) -> bool:
    """As Snakemake takes a target: a rule, or a file that is made or lies there, by its shortest path."""
    return word in known or (not os.path.isabs(word) and os.path.normpath(word) in known) or os.path.exists(word)


def _meant(word: str, stages: Sequence[Stage]) -> str:
    """The closest file; or of the closest stage, which Snakemake does not know by DVC's name, the file to ask for."""
    files = {out: out for stage in stages for out in stage.outs}
    names: dict[str, list[Stage]] = {}
    for stage in stages:
        for name in (stage.name, stage.group, stage.rule_name):
            names.setdefault(name, []).append(stage)
    relative = os.path.relpath(word) if os.path.isabs(word) else word
    near = relative if relative in files or word in names else closest(relative, [*names, *files])
    name = near.removeprefix("; the closest is ")
    if name not in names:
        return f"; the closest is {name}" if name else f"; {len(files)} files are made: `snakemake -n` lists them"
    outs = list(dict.fromkeys(stage.outs[0] for stage in names[name]))
    more = f" and {len(outs) - SHOWN} more" if len(outs) > SHOWN else ""
    is_one = "it is a stage" if name == word else f"the closest is the stage {name}"
    return f"; {is_one}: ask for {' '.join(outs[:SHOWN])}{more}"
