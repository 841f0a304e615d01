"""One change at a time of ContrasFill on object masks. Source: spec §4.6; the paper prints no such table."""

from collections.abc import Mapping
from pathlib import Path

from stages.block import Block as Base
from stages.papers.contrasfill.report.names import DATASETS, DECIMALS
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

# Method of the scores -> what it changes.
CHANGES = {
    "contrasfill": "ContrasFill",
    "no_known": "no loss on known codes (λ_k = 0)",
    "no_unknown": "no loss on unknown codes (λ_u = 0)",
    "random": "random subsample, no hard negative for each image",
    "full_grid": "all 16 combinations of 4 + 4 codes",
    "blocks": "subsample in blocks of shared codes",
    "sum": "codes combined by sum in place of product",
    "concat": "codes combined by concatenation",
    "supcon": "positives in the denominator (SupCon)",
}
STUDY = Study(
    "ablations",
    "One change at a time",
    "Object-mask holes; each line trains ContrasFill with one change. Fréchet distance: lower is better; diversity and "
    "angle of the known factor: higher is more diverse. In the subsample an image has one positive for each space, so "
    "SupCon's denominator is the same sum: its line differs from ContrasFill's by rounding in training alone.",
    tuple(
        Line(f"{label}, {words}", method, dataset)
        for dataset, label in DATASETS.items()
        for method, words in CHANGES.items()
    ),
    (
        Column("Fréchet distance", "FID", DECIMALS["FID"]),
        Column("diversity", "LPIPS", DECIMALS["LPIPS"]),
        Column("angle", "KFFA", DECIMALS["KFFA"]),
    ),
)


class Block(Base):
    """Nothing of the table can be chosen."""


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the three datasets. Raises: ValueError where a line has no score."""
    return study_to_texts(STUDY, read_group(inputs, "score"), {})
