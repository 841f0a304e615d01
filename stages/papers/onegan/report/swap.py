"""What the child code of another category changes, inside and outside the mask: O6, O7. Source: supp §D.3, Fig. 3."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import open_scores
from stages.papers.onegan.report.verdicts import o6, o7

FAMILIES = ("swap_inside", "swap_outside", "swap_ratio", "swap_cosine")
SAID = (
    "Each test photo's reconstruction against the same with another child code: the change inside and outside the "
    "predicted mask, their ratio, and the mean cosine between the shifts of colour that one code makes on two photos. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from score_<set>_<seed>."""
    found = [o6(block.profile, inputs), o7(block.profile, inputs)]
    sections = [("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found]))]
    scores = open_scores(inputs, "score", block.profile)
    page = Page("Swapped child codes", block.profile, scores, FAMILIES, ("onegan",), SAID, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}
