"""Disentanglement scores of figures 8 and 15's grids. Source: supp Fig. 8, Fig. 15; spec §8.5."""

from collections.abc import Mapping
from pathlib import Path

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.rules import RULES
from stages.papers.contrasfill.report.study import Line, Study, read_group, study_to_texts
from stages.papers.contrasfill.report.varied import VARIED, WORDS

KNOWN = {"face": "Face, identity", "bird": "Bird, species", "car": "Car, shape", "car_colour": "Car, colour"}
STUDY = Study(
    "disentanglement",
    "Disentanglement",
    WORDS,
    tuple(Line(label, "contrasfill", dataset) for dataset, label in KNOWN.items()),
    VARIED,
)


class Block(Base):
    """Nothing of the table can be chosen."""


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the four grids. Raises: ValueError where one is missing."""
    cells = read_group(inputs, "score")
    measured = Measured({STUDY.group: cells})
    return study_to_texts(STUDY, cells, {name: RULES[name](measured, {}) for name in ("C6", "C7")})
