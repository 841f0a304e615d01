"""Figures 12 to 15: masks that the segmenter of one set finds in test photos.

Source: supp §A, Fig. 12 (CelebA-in-the-wild), 13 (Taichi), 14 (CUB), 15 (Flowers); spec §6.8.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import Drawn, Panel, panels_to_figure
from stages.papers.ganseg.report.shown import found_to_strip, open_sets, photos_text, photos_to_show


class Block(Base):
    """The number of the figure, the set it shows, how many photos, and how many stand in one row."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    figure: int
    dataset: str
    photos: int = Field(gt=0)
    across: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<set> and score, the set's main segmenter."""
    label = DATASETS[block.dataset]
    data = open_sets(inputs, [block.dataset])[block.dataset]
    places = photos_to_show(data, block.photos)
    strip = found_to_strip("", inputs["score"], data, places, block.across)
    caption = (
        f"Figure {block.figure}. Masks that the segmenter finds on {label}: {photos_text(data, block.photos)}, "
        "in the order of their keys. The segmenter has seen generated pairs only."
    )
    return Drawn(panels_to_figure([Panel(label, (strip,))], 1), block.profile, caption)
