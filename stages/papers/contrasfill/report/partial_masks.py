"""Diversity inside partial holes. Source: supp §5, Fig. 10; spec §8.6."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.papers.contrasfill.report.comparing import Measured
from stages.papers.contrasfill.report.names import PARTIAL
from stages.papers.contrasfill.report.rules import RULES
from stages.papers.contrasfill.report.study import Column, Line, Study, read_group, study_to_texts

STUDY = Study(
    "partial",
    "Partial holes",
    "Perceptual distance and deviation of pixels between samples of one image, inside the hole alone, so that holes of "
    "different size can be compared; medians and means over images. Holes of lines 1 and 3 are loosely tied to what "
    "is left, holes of lines 2 and 4 strongly. The share is the hole's part of the image.",
    tuple(Line(label, "contrasfill", hole) for hole, label in PARTIAL.items()),
    (
        Column("distance, median", "LPIPS_hole_median", 4),
        Column("distance, mean", "LPIPS_hole", 4),
        Column("pixel deviation, median", "pixel_std_hole_median", 2),
        Column("pixel deviation, mean", "pixel_std_hole", 2),
        Column("hole's share", "hole_share", 3),
    ),
)


class Block(Base):
    """How many times as diverse a loosely tied hole has to be."""

    ratio: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """csv, md and tex from `score…` folders of the four holes. Raises: ValueError where one is missing."""
    cells = read_group(inputs, "score")
    measured = Measured({STUDY.group: cells})
    return study_to_texts(STUDY, cells, {"C8": RULES["C8"](measured, {"ratio": block.ratio})})
