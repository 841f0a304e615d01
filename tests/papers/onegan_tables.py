"""All of OneGAN's tables from made-up scores."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from stages.papers.onegan.report import (
    claims,
    clustering,
    inpainting,
    metrics,
    metrics_seeds,
    segmentation,
    swap,
    table1,
    xbg,
)
from stages.papers.onegan.report.block import ReportBlock
from tests.papers import onegan_store as store

MODULES = (table1, metrics, clustering, segmentation, inpainting, xbg, swap, claims, metrics_seeds)


def made(module: ModuleType, seeds: tuple[int, ...]) -> Callable[[Path], dict[str, str]]:
    """A table's texts."""
    return lambda folder: module.tabulate(ReportBlock(profile="demo"), store.everything(folder, seeds))


TABLES = {
    f"onegan_{module.__name__.rpartition('.')[2]}, {len(seeds)} seeds": made(module, seeds)
    for module in MODULES
    for seeds in ((0,), (0, 1, 2))
}
