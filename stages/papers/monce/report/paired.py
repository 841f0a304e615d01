"""Paired translation by SPADE with different losses on three sets: M6, M7. Source: supp §1, §6, Fig. 5 to 7."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.names import PAIRED, PAIRED_METHODS
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import Score, open_score, open_scores
from stages.papers.monce.report.verdicts import judged_by, losses_are_ordered, merged

METHODS = (PAIRED_METHODS[0], "contextual", *PAIRED_METHODS[1:], "halves", "real", "real_native")


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from paired_<set>, paired_more, unpaired_street and the printed values."""
    scores = open_paired(block.profile, inputs)
    cells = {place: cell for name, score in scores.items() for place, cell in cells_of(score, name, METHODS).items()}
    lines = [(name, metric) for name, score in scores.items() for metric in score.metrics() or [score.distance]]
    found = [m6(block.profile, inputs), m7(block.profile, inputs)]
    said = (
        "One seed a run; all have SPADE's networks and settings and differ in one term of the loss. CycleLoss and "
        "F/LSeSim have no paired form. Real photos are what the judge says of the truth itself. "
        f"The authors' scripts print MoNCE on ADE20K twice, {' and '.join(twice(inputs['reported']))}. "
    )
    page = Page(
        "Paired translation", block.profile, METHODS, lines, cells, read_reported(inputs["reported"], "paired"), said,
        [("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found]))],
    )  # fmt: skip
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}


def open_paired(profile: str, inputs: Mapping[str, Path]) -> dict[str, Score]:
    """The scores of the three sets; ADE20K's with its further losses."""
    scores = open_scores(inputs, "paired", PAIRED, profile)
    return scores | {"rooms": merged(scores["rooms"], open_score(inputs, "more", profile))}


def m6(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M6, one seed everywhere."""
    return losses_are_ordered("M6", profile, open_scores(inputs, "paired", PAIRED, profile), {})


def m7(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M7, of the two sets with labels."""
    street, rooms = (open_score(inputs, name, profile) for name in ("unpaired_street", "paired_rooms"))
    return judged_by(profile, {"street": (street, "mAP"), "rooms": (rooms, "mIoU")})


def twice(path: Path) -> tuple[str, str]:
    """The two values that the authors' scripts print of one run."""
    place = ("monce", "rooms", "FID")
    return read_reported(path, "paired")[place], read_reported(path, "paired_again")[place]
