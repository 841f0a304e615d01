"""Fréchet distance of scenes by scales and contrastive task, on streets: C8.

Source: supp §2.1, which refers to main, Fig. 4.
"""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import BETTER_LESS, LADDER, RUNS_OF_LADDER, STREETS
from stages.papers.mscond.report.pages import Line, Page, cells_of, page_to_texts
from stages.papers.mscond.report.runs import distance_of, open_scores
from stages.papers.mscond.report.verdicts import c8

HEADINGS = ("without", "with the contrastive task", "two halves of the real ones")
SAID = (
    "Lines: the heights of the feature maps that judge; 1 without the task is StyleGAN2, 1-16 without it MultiscaleD "
    "and with it MsConD. The main paper's figure is not known to us: nothing is printed beside. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from reference_<streets> and score_<streets>_<run>_<seed> of the ladder."""
    scores = open_scores(inputs, block.profile, RUNS_OF_LADDER)
    metric = distance_of(scores, STREETS)
    lines: list[Line] = [
        (f"{label}: {metric}{BETTER_LESS}", [(off, STREETS, metric), (on, STREETS, metric), None])
        for label, (off, on) in LADDER.items()
    ]
    lines.append((f"real: {metric}", [None, None, ("halves", STREETS, metric)]))
    cells = cells_of(scores, [place for _, places in lines for place in places if place])
    found = c8(block.profile, inputs)
    sections = [("What the text claims", rows_to_markdown(HEAD, [found.row()]))]
    page = Page("Fréchet distance of scenes by scales", block.profile, HEADINGS, lines, cells, {}, SAID, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}
