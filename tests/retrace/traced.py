"""Measure of done for `retrace trace`: every file under results/ leads to raw data or a user's file with its digest."""

import contextlib
import os
import re
from pathlib import Path

from stages.retrace.evidence.identify import Unvouched, identify
from stages.retrace.evidence.receipts import Shelf
from stages.retrace.evidence.roots import ALONE
from stages.retrace.trace import command as trace

LEFT_BY_ENGINES = {".snakemake_timestamp", ".gitignore", "graph.json"}
# Drawn from the networks, from the sets of the loss, or arithmetic (part E of GANSeg, MoNCE's layers and losses), or
# bands of hues (MsConD's detector of drawn things): parameters and code decide them alone.
WITHOUT_DATA = re.compile(
    r"results/(figures/(fig0[1-6]|ganseg_fig0[124])|(store/\w+/score/ganseg/|tables/ganseg_)equivariance"
    r"|(store/\w+/score/monce/|tables/monce_)(receptive|transport)|store/\w+/teacher/mscond_scenes_detector)"
)


def untraced(folder: Path) -> dict[str, str]:
    """What is wrong with each file that does not trace; empty where all do. Receipts trace as what they speak of."""
    wrong, trees, shelf = {}, {}, Shelf()
    with contextlib.chdir(folder):
        names = [Path(root, name) for root, _, files in os.walk("results") for name in files]
        for path in sorted(name for name in names if name.name not in LEFT_BY_ENGINES and "current" not in name.parts):
            try:
                found = identify(path.as_posix(), shelf)
            except Unvouched as problem:
                wrong[path.as_posix()] = str(problem)
                continue
            if found.node.digest not in trees:
                trees[found.node.digest] = _problem(trace.run(found.node.place.as_posix()))
            if problem := found.warning or trees[found.node.digest]:
                wrong[path.as_posix()] = problem
    return wrong


def _problem(found: trace.Trace | trace.Unknown) -> str:
    """What a stage's tree lacks, whichever of its files it starts from."""
    if isinstance(found, trace.Unknown):
        return found.problem
    if found.code:
        return found.found.warning or f"lost: {found.shelf.lost(found.found.node)}"
    roots = found.roots()
    if any(len(root.sha256) != 64 for root in roots):
        return f"a root without digest: {roots}"
    alone = [root for root in roots if root.kind == ALONE]
    content = found.found.node.content
    needs_none = content["verb"] == "preflight" or WITHOUT_DATA.fullmatch(content["stage"])
    return f"rests on no data: {alone}" if alone and not needs_none else "" if roots else "no roots"
