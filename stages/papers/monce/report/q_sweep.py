"""MoNCE on horses at five weights Q of the negative term: M2, M3. Source: supp §3, Fig. 1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.gates import gates
from stages.papers.monce.report.names import SWEPT
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import open_score
from stages.papers.monce.report.verdicts import q_moves

METHODS = ("source", *SWEPT, "halves")
HEADINGS = {"monce": "Q = 1"}


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from sweep, seeds and the printed values."""
    sweep, seeds = (open_score(inputs, name, block.profile) for name in ("sweep", "seeds"))
    cells = cells_of(sweep, "horses", METHODS, seeds)
    lines = [("horses", metric) for metric in sweep.metrics() or [sweep.distance]]
    found = [m2(block.profile, inputs), m3(block.profile, inputs)]
    said = (
        "Both ends and Q = 1 over as many seeds as were run. "
        f"Content is decided by {sweep.content}; the other measures are shown. Four public versions of the authors' "
        "script disagree on these curves but at Q = 1, so only that value is cited. "
    )
    page = Page(
        "Weight Q of the negative term, MoNCE on Horse→Zebra", block.profile, METHODS, lines, cells,
        read_reported(inputs["reported"], "q_sweep"), said,
        [("Was it translated?", gates({"horses": sweep})),
         ("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found]))],
        HEADINGS,
    )  # fmt: skip
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}


def m2(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M2: a larger Q, a smaller distance."""
    sweep, seeds = (open_score(inputs, name, profile) for name in ("sweep", "seeds"))
    return q_moves("M2", profile, sweep, seeds, sweep.distance, falls=True)


def m3(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M3: a larger Q, less content."""
    sweep, seeds = (open_score(inputs, name, profile) for name in ("sweep", "seeds"))
    return q_moves("M3", profile, sweep, seeds, sweep.content, falls=False)
