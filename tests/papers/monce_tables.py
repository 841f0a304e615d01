"""All of MoNCE's tables from made-up scores."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from stages.papers.monce.report import (
    claims,
    force,
    paired,
    q_sweep,
    rate,
    receptive,
    seeds,
    transport,
    unpaired,
    weighting,
)
from stages.papers.monce.report.block import ReportBlock
from tests.papers import monce_store as store


def made(module: ModuleType) -> Callable[[Path], dict[str, str]]:
    """A table's texts, with a run that failed the gate and one that was not made."""

    def tabulate(folder: Path) -> dict[str, str]:
        inputs = store.everything(folder) | store.curves(folder)
        return module.tabulate(ReportBlock(profile="demo"), inputs)

    return tabulate


MODULES = (unpaired, paired, q_sweep, weighting, seeds, rate, force, receptive, transport, claims)
TABLES = {f"monce_{module.__name__.rpartition('.')[2]}": made(module) for module in MODULES}
