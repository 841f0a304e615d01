"""Figure 8: a grid of codes where the known factor is a car's colour. Source: supp §5, Fig. 8."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.pictures import (
    Drawn,
    contexts_text,
    grid_headings,
    grid_to_rows,
    profile_of,
    read_all,
    seeds_text,
    spread,
)


class Block(Base):
    """How many contexts, and how many codes of each kind."""

    contexts: int = Field(gt=0)
    known: int = Field(gt=1)
    unknown: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_car and sample_car_contrasfill, the grid of the colour model."""
    data, samples = read_all(inputs, "car")
    held = samples["contrasfill"]
    places = spread(len(held.several), block.contexts)
    groups = tuple(
        Group("Car, known factor: colour", grid_to_rows(data, held, place, block.known, block.unknown))
        for place in places
    )
    caption = (
        f"Figure 8. Car colour as the known factor instead of shape ({seeds_text([held])}). All tiles fill the same "
        "box hole of one context: columns share the known code, which steers the colour, and rows the unknown code, "
        "which "
        "steers shape and pose (the paper's caption says column twice; its text says so). "
        f"Contexts, spread evenly over the evaluation split: {contexts_text(data, held, places)}; codes are the first "
        "ones drawn. None was chosen."
    )
    sheet = Sheet(grid_headings(block.known), groups, gaps_after=(1,))
    return Drawn(sheet_to_figure(sheet), profile_of([held]), caption)
