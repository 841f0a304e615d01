"""Disentanglement scores of figures 8 and 15's grids. Source: supp Fig. 8, Fig. 15; spec §8.5."""

from collections.abc import Mapping
from pathlib import Path

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.rules import RULES
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

KNOWN = {"face": "Face, identity", "bird": "Bird, species", "car": "Car, shape", "car_colour": "Car, colour"}
STUDY = Study(
    "disentanglement",
    "Disentanglement",
    "Angles in degrees between features of images of one grid of codes (columns share the known code, rows the unknown "
    "one), averaged over pairs and contexts. A score is the angle between images of other codes of its kind less the "
    "angle between images that share it: positive and large is good. The twin is another known-factor encoder, against "
    "which nothing was trained.",
    tuple(Line(label, "contrasfill", dataset) for dataset, label in KNOWN.items()),
    (
        Column("known: other column", "angle_known_between_columns", 2),
        Column("known: same column", "angle_known_between_rows", 2),
        Column("score, known", "score_known", 2),
        Column("score, known, twin", "score_known_indep", 2),
        Column("unknown: other row", "angle_unknown_between_rows", 2),
        Column("unknown: same row", "angle_unknown_between_columns", 2),
        Column("score, unknown", "score_unknown", 2),
    ),
)


class Block(Base):
    """Nothing of the table can be chosen."""


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the four grids. Raises: ValueError where one is missing."""
    cells = read_group(inputs, "score")
    measured = Measured({STUDY.group: cells})
    return study_to_texts(STUDY, cells, {name: RULES[name](measured, {}) for name in ("C6", "C7")})
