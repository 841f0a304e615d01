"""Figure 15: grids of known and unknown codes on the three datasets. Source: supp §5, Fig. 15."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group, Measures
from stages.papers.contrasfill.report.contexts import OURS, over_sets
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.pictures import Drawn, grid_headings, grid_to_rows
from stages.papers.contrasfill.sampled import Samples

FACTORS = {"face": "identity", "bird": "species", "car": "shape"}
SMALLER = Measures(tile=96, heading=6.5)


class Block(Base):
    """How many contexts of each dataset, and how many codes of each kind."""

    contexts: int = Field(gt=0)
    known: int = Field(gt=1)
    unknown: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_contrasfill, a grid, of every dataset."""

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> Iterator[Group]:
        for place in places:
            rows = grid_to_rows(data, samples[OURS], place, block.known, block.unknown)
            yield Group(f"{DATASETS[name]}, known factor: {FACTORS[name]}", rows)

    found = over_sets(inputs, {name: name for name in DATASETS}, block.contexts, to_groups)
    caption = (
        f"Figure 15. Disentanglement on three datasets ({found.seeds}). All tiles of a grid fill the same box "
        "hole of one context: columns share the known code (identity, species, car shape), rows the unknown code. "
        "Contexts, "
        f"spread evenly over the evaluation split: {found.said}; codes are the first ones drawn. None was chosen."
    )
    return found.drawn(grid_headings(block.known), (1,), caption, measures=SMALLER)
