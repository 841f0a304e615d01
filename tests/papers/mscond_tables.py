"""MsConD's tables of scores and logits from a made-up store."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from stages.papers.mscond.report import claims, dynamics, fid, object_fid, scene_ladder
from stages.papers.mscond.report.block import ReportBlock
from tests.papers import mscond_store as store

MODULES = (fid, object_fid, scene_ladder, dynamics, claims)


def made(module: ModuleType, seeds: tuple[int, ...]) -> Callable[[Path], dict[str, str]]:
    """A table's texts."""
    return lambda folder: module.tabulate(ReportBlock(profile="demo"), store.everything(folder, seeds))


TABLES = {
    f"mscond_{module.__name__.rpartition('.')[2]}, {len(seeds)} seeds": made(module, seeds)
    for module in MODULES
    for seeds in ((0,), (0, 1, 2))
}
