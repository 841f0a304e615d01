"""Which negatives weigh more, how sharply, and how many of them: M8; M9's lines. Source: supp §4; code (plots)."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.gates import gates
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import open_score
from stages.papers.monce.report.verdicts import direction_differs, merged

HORSES = ("patch", "monce", "easy", "b05", "b1", "b5", "top4")
METHODS = ("patch", "monce", "hard", *HORSES[2:])


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from sweep, paired_rooms, more and the printed values."""
    sweep, rooms, more = (open_score(inputs, name, block.profile) for name in ("sweep", "paired_rooms", "more"))
    both = merged(rooms, more)
    cells = cells_of(sweep, "horses", HORSES) | cells_of(both, "rooms", METHODS[:3])
    lines = [("horses", metric) for metric in sweep.metrics() or [sweep.distance]]
    lines += [("rooms", metric) for metric in both.metrics() or [both.distance]]
    said = (
        "One seed a run. MoNCE's own direction is hard on Horse→Zebra and easy on ADE20K, with beta = 0.1 and all "
        "negatives re-weighted. PatchNCE is the limit of a large beta, and of none re-weighted. "
    )
    found = m8(block.profile, inputs)
    page = Page(
        "Direction, temperature and share of the weighting", block.profile, METHODS, lines, cells,
        read_reported(inputs["reported"], "weighting"), said,
        [("Was it translated?", gates({"horses": sweep})),
         ("What the text claims", rows_to_markdown(HEAD, [found.row()]))],
    )  # fmt: skip
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def m8(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M8 over both sets."""
    return direction_differs(
        profile, *(open_score(inputs, name, profile) for name in ("sweep", "paired_rooms", "more"))
    )
