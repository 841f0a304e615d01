"""Figures 8 to 11: random generations of one set, each with its points and with its masks.

Source: supp §A, Fig. 8 (CelebA-in-the-wild), 9 (Taichi), 10 (CUB), 11 (Flowers); spec §6.7.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.draw.runs import not_run
from stages.papers.ganseg.report.colours import mark, overlay, part_colours
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import (
    ARM,
    Drawn,
    Panel,
    Strip,
    enlarged,
    panels_to_figure,
    tiles_to_picture,
)  # fmt: skip


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


def made_to_strip(head: str, folder: Path, dataset: str, label: str, across: int) -> tuple[Strip, str]:
    """All pictures of a sample as one strip, and what is to be said of them; an empty one where it was not run.

    Raises: ValueError for generations of another set.
    """
    if not_run(folder) is not None:
        return Strip(head, None), f"{label}: not run."
    facts = read_json(folder / "sample.json")
    if facts["data"] != dataset:
        raise ValueError(f"{folder}: expected generations of {dataset}, got {facts['data']}")
    images, labels, points = (np.load(folder / f"{name}.npy") for name in ("images", "labels", "points"))
    colours = part_colours(facts["parts"])
    tiles = []
    for image, found, placed in zip(images, labels, points, strict=True):
        tiles.append(mark(enlarged(image), placed, colours, ARM, facts["grid"]))
        tiles.append(enlarged(overlay(image, found, facts["parts"])))
    said = (
        f"{len(images)} random generations of {label}, none chosen (seed {facts['seed']}, the first of "
        f"{facts['generations']}). Of each, left: the picture with all {facts['parts']} x {facts['points_per_part']} "
        "points, coloured by part; right: the picture with its masks."
    )
    return Strip(head, tiles_to_picture(tiles, 2 * across)), said
