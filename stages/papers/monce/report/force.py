"""What a larger Q does to pull and push: the identity at the logits, and the Q runs' own statistics: M4.

Source: supp §3's conjecture; spec §1 (M4).
"""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.ruled import HEAD, rules_to_csv
from stages.draw.table import rows_to_markdown
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.curves import curves_of
from stages.papers.monce.report.identity import identity
from stages.papers.monce.report.names import SWEPT
from stages.papers.monce.report.pages import Cell, Page, page_to_texts

STATISTIC = "G/stat/content_"
# A statistic of the curves -> what it is, in the order of the table.
SAID = {
    "positive": "similarity to the own key", "negative": "mean similarity to the other keys",
    "unsolved": "1 - p, the common factor of pull and push", "alignment": "mean |x_i - y_i|²",
    "uniformity": "log mean e^(-2 |x_i - x_j|²)", "row_error": "largest error of a row sum of the weights",
    "nce_share": "contrast over contrast and adversarial term of the generator's loss",
}  # fmt: skip


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md, tex and verdict, from model_<run> of the five Q, and transport for the identity."""
    held, absent = curves_of(inputs, SWEPT)
    protocol = {"from": "curve.csv, last line of a term, the mean over the steps since the line before"}
    cells = {}
    for run in SWEPT:
        values = statistics(held[run]) if run in held else {}
        for name in SAID:
            by_seed = ((0, values[name]),) if name in values else ()
            cells[run, "horses", name] = Cell(by_seed, "1", protocol, absent.get(run, "no such line in the curve"))
    found = identity(block.profile, inputs)
    said = (
        "MoNCE on Horse→Zebra at the end of training, source and translation, one seed. Reported only: the conjecture "
        "that a large Q pushes negatives at the cost of pulling positives cannot be true at the logits, where both "
        "forces of an anchor are (1 - p) / tau for every Q. "
    )
    sections = [
        ("What is measured", "".join(f"- {name}: {text}\n" for name, text in SAID.items())),
        ("What the text claims", rows_to_markdown(HEAD, [found.row()])),
    ]
    lines = [("horses", name) for name in SAID]
    page = Page("Pull and push", block.profile, tuple(SWEPT), lines, cells, {}, said, sections, {"monce": "Q = 1"})
    return page_to_texts(page) | {"claims.csv": rules_to_csv(found)}


def statistics(curve: Mapping[str, float]) -> dict[str, float]:
    """The content term's statistics, and the share of contrast in the generator's loss."""
    found = {name.removeprefix(STATISTIC): value for name, value in curve.items() if name.startswith(STATISTIC)}
    contrast = curve.get("G/content", 0.0) + curve.get("G/identity", 0.0)
    whole = contrast + curve["G/adversarial"]
    return found | ({"nce_share": contrast / whole} if whole else {})
