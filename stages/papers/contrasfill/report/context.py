"""What ignoring the context costs. Source: supp §5, Fig. 11; spec §8.7."""

from collections.abc import Mapping
from pathlib import Path

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.rules import RULES
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

METHODS = {"context_free": "context-free, pasted", "contrasfill": "ContrasFill"}
STUDY = Study(
    "context",
    "The importance of context",
    "Box holes; the context-free baseline sees the hole's mask alone and its foreground is pasted. Seam: step of "
    "brightness across the hole's edge, less the real image's. Ring colour: difference of mean Lab colour between "
    "rings inside and outside of the edge, less the real image's. Lower is better in all columns.",
    tuple(
        Line(f"{label}, {words}", method, dataset)
        for dataset, label in DATASETS.items()
        for method, words in METHODS.items()
    ),
    (Column("Fréchet distance", "FID", 2), Column("seam", "seam", 3), Column("ring colour", "ring_colour", 3)),
)


class Block(Base):
    """Nothing of the table can be chosen."""


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the three datasets. Raises: ValueError where one is missing."""
    cells = read_group(inputs, "score")
    measured = Measured({STUDY.group: cells})
    return study_to_texts(STUDY, cells, {"C9": RULES["C9"](measured, {})})
