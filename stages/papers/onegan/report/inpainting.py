"""Backgrounds painted by one pass of OneGAN and by 1,000 steps of DIP: O8, O9, O10. Source: supp §D.4, Fig. 4."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.onegan.report.block import ReportBlock as Block
from stages.papers.onegan.report.given import printed_sizes
from stages.papers.onegan.report.names import SETS
from stages.papers.onegan.report.pages import Page, page_to_texts
from stages.papers.onegan.report.runs import Score, open_scores
from stages.papers.onegan.report.said import filling_is_poor
from stages.papers.onegan.report.verdicts import o8, o9, o10

FAMILIES = ("PSNR_inside", "L1_inside", "L1_outside", "L1_outside_composited", "residual_object", "object_covered",
            "judged_real", "macs", "first_loss", "last_loss")  # fmt: skip
METHODS = (
    "onegan_real",
    "onegan_predicted",
    "dip_real",
    "dip_predicted",
    "mean_colour_real",
    "mean_colour_predicted",
    "original",
    "hole_real",
    "hole_predicted",
)
SAID = (
    "Inside is where the object is. `judged_real` is what OneGAN's own background discriminator says, so it is not "
    "neutral. Multiply-accumulates are counted: a step of DIP is a forward and a backward pass, three forward passes. "
)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdicts, from inpainting_<set> and the printed count of steps."""
    scores = open_scores(inputs, "inpainting", block.profile)
    found = [decide(block.profile, inputs) for decide in (o8, o9, o10)]
    said = SAID + steps(scores, printed_sizes(inputs["reported"])["steps"]) + filling_is_poor(scores)
    sections = [("What the text claims", rows_to_markdown(HEAD, [one.row() for one in found]))]
    page = Page("Background inpainting", block.profile, scores, FAMILIES, METHODS, said, sections)
    return page_to_texts(page) | {"claims.csv": rules_to_csv(*found)}


def steps(scores: Mapping[str, Score], printed: str) -> str:
    """How many steps DIP took, beside the printed count."""
    taken = {SETS[name]: score.facts["steps"] for name, score in scores.items() if score.facts}
    said = ", ".join(f"{name} {count:,}" for name, count in taken.items()) or "not run"
    return f"Steps of DIP: {said} (printed: {int(printed):,}). "
