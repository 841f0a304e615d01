"""Figure 8: a grid of codes where the known factor is a car's colour. Source: supp §5, Fig. 8."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group
from stages.papers.contrasfill.report.contexts import OURS, over_sets
from stages.papers.contrasfill.report.pictures import Drawn, grid_headings, grid_to_rows
from stages.papers.contrasfill.sampled import Samples


class Block(Base):
    """How many contexts, and how many codes of each kind."""

    contexts: int = Field(gt=0)
    known: int = Field(gt=1)
    unknown: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_car and sample_car_contrasfill, the grid of the colour model."""

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> Iterator[Group]:
        for place in places:
            rows = grid_to_rows(data, samples[OURS], place, block.known, block.unknown)
            yield Group("Car, known factor: colour", rows)

    found = over_sets(inputs, {"car": ""}, block.contexts, to_groups)
    caption = (
        f"Figure 8. Car colour as the known factor instead of shape ({found.seeds}). All tiles fill the same "
        "box hole of one context: columns share the known code, which steers the colour, and rows the unknown code, "
        "which "
        "steers shape and pose (the paper's caption says column twice; its text says so). "
        f"Contexts, spread evenly over the evaluation split: {found.said}; codes are the first "
        "ones drawn. None was chosen."
    )
    return found.drawn(grid_headings(block.known), (1,), caption)
