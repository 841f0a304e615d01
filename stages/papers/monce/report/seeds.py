"""The runs on horses whose order the text speaks of, over all their seeds."""

from collections.abc import Mapping
from pathlib import Path

from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.gates import gates
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import open_score

METHODS = ("patch", "weight", "monce", "q01", "q5")


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex, from sweep, unpaired_horses (seed 0) and seeds (the further ones)."""
    sweep, horses, seeds = (open_score(inputs, name, block.profile) for name in ("sweep", "unpaired_horses", "seeds"))
    cells = cells_of(sweep, "horses", METHODS, seeds) | cells_of(horses, "horses", ("weight",), seeds)
    lines = [("horses", metric) for metric in sweep.metrics() or horses.metrics() or [sweep.distance]]
    said = "Mean and standard deviation over the seeds that were run and translated; an ordering needs three. "
    page = Page(
        "Seeds, Horse→Zebra", block.profile, METHODS, lines, cells, {}, said,
        [("Was it translated?", gates({"horses": seeds}))],
    )  # fmt: skip
    return page_to_texts(page)
