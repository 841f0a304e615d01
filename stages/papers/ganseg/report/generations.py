"""Figures 8 to 11: random generations of one set, each with its points and with its masks.

Source: supp §A, Fig. 8 (CelebA-in-the-wild), 9 (Taichi), 10 (CUB), 11 (Flowers); spec §6.7.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.papers.ganseg.report.generated import made_to_strip
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import Drawn, Panel, panels_to_figure


class Block(Base):
    """The number of the figure, the set it shows, and how many generations stand in one row."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    figure: int
    dataset: str
    across: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: sample, the generations of the set's main model."""
    label = DATASETS[block.dataset]
    strip, said = made_to_strip("", inputs["sample"], block.dataset, label, block.across)
    return Drawn(panels_to_figure([Panel(label, (strip,))], 1), block.profile, f"Figure {block.figure}. {said}")
