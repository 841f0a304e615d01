"""Distances, scores, clusters, masks and reconstructions in one table: O2, O12. Source: supp §D.2; spec §6.5."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.given import reprinted
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import open_scores
from stages.papers.onegan.report.verdicts import o2, o12

FAMILIES = (
    "FD",
    "FID",
    "IS",
    "WCIS",
    "BCIS",
    "WCFD",
    "BCFD",
    "WCFID",
    "BCFID",
    "ACC",
    "NMI",
    "IoU",
    "Dice",
    "PSNR",
    "L1",
)
METHODS = ("onegan", "halves", "real", "all_ones", "permuted")
SAID = (
    "A Fréchet distance bears the network's name; FID is torch-fidelity's Inception alone. Beside the distance of "
    "generated from real photos stands that of two halves of the real ones, which no generator can be below. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from score_<set>_<seed> and the reprinted values."""
    found = [o2(block.profile, inputs), o12(block.profile, inputs)]
    sections = [
        reprinted(inputs["reprinted"], ("FID", "IS")),
        ("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found])),
    ]
    scores = open_scores(inputs, "score", block.profile)
    page = Page("Metrics", block.profile, scores, FAMILIES, METHODS, SAID, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}
