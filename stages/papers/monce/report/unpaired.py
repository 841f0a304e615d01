"""Unpaired translation by five losses on three sets: M5. Source: supp §6, Fig. 2 to 4."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, Ruled, rules_to_csv
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.gates import gates
from stages.papers.monce.report.names import SETS, TITLES, UNPAIRED, UNPAIRED_METHODS
from stages.papers.monce.report.pages import Page, cells_of, page_to_texts
from stages.papers.monce.report.scores import open_score, open_scores
from stages.papers.monce.report.verdicts import losses_are_ordered

METHODS = ("source", *UNPAIRED_METHODS[:3], "learned", *UNPAIRED_METHODS[3:], "halves", "real", "real_native")


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from unpaired_<set>, seeds and the printed values."""
    scores = open_scores(inputs, "unpaired", UNPAIRED, block.profile)
    cells = {place: cell for name, score in scores.items() for place, cell in cells_of(score, name, METHODS).items()}
    lines = [(name, metric) for name, score in scores.items() for metric in score.metrics() or [score.distance]]
    said = (
        "One seed a run. The source as it is and two halves of the target's test photos stand beside the distances; "
        "real photos are what the judge says of the truth itself. Self-similarity is the idea behind F/LSeSim, so it "
        "decides nothing here. "
    )
    found = m5(block.profile, inputs)
    page = Page(
        "Unpaired translation", block.profile, METHODS, lines, cells, read_reported(inputs["reported"], "unpaired"),
        said,
        [("Was it translated?", gates(scores)),
         ("Printed elsewhere, recalled and not verified", unverified(inputs["reported"])),
         ("What the text claims", rows_to_markdown(HEAD, [found.row()]))],
    )  # fmt: skip
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def m5(profile: str, inputs: Mapping[str, Path]) -> Ruled:
    """M5, horses with their further seeds."""
    scores = open_scores(inputs, "unpaired", UNPAIRED, profile)
    return losses_are_ordered("M5", profile, scores, {"horses": open_score(inputs, "seeds", profile)})


def unverified(path: Path) -> str:
    """Numbers that we recall and could not look up: they stand in no cell and decide nothing."""
    held = read_reported(path, "unverified")
    rows = [[f"{SETS[name]}: {TITLES[method]}", metric, value] for (method, name, metric), value in held.items()]
    return rows_to_markdown(["run", "measure", "recalled"], rows)
