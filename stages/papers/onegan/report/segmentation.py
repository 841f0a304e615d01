"""Predicted masks beside simple ones, and the photos of lowest IoU by name: O3, O4. Source: supp §D.2; spec §5.1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.given import reprinted
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import Score, open_scores
from stages.papers.onegan.report.said import masks_are_grey
from stages.papers.onegan.report.verdicts import o3, o4

FAMILIES = ("IoU", "Dice", "pixel_accuracy", "IoU_both", "IoU_best_polarity", "IoU_detection", "better_than_detection",
            "decided", "mask_mean")  # fmt: skip
METHODS = ("onegan", "all_ones", "box", "kmeans", "detection")
SAID = (
    "The mask of the reconstruction path at a threshold of .5; the mean over test photos that have a mask. The best "
    "polarity takes the better of a mask and its inverse for each photo, and is no result of ours. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from score_<set>_<seed> and the reprinted values."""
    scores = open_scores(inputs, "score", block.profile)
    found = [o3(block.profile, inputs), o4(block.profile, inputs)]
    sections = [
        ("Lowest IoU", lowest(scores)),
        reprinted(inputs["reprinted"], ("IoU", "Dice")),
        ("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found])),
    ]
    page = Page("Segmentation", block.profile, scores, FAMILIES, METHODS, SAID + masks_are_grey(scores), sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}


def lowest(scores: Mapping[str, Score]) -> str:
    """The photos that are segmented worst, with what the detection has there."""
    body = []
    for name, score in scores.items():
        for one in score.facts.get("lowest", ()):
            detected = "" if one["detection_iou"] is None else f"{one['detection_iou']:.3f}"
            body.append([f"{SETS[name]}: {one['key']}", f"{one['iou']:.3f}", detected])
    return rows_to_markdown(["photo", "IoU", "IoU of the detection"], body) if body else "Nothing was run.\n"
