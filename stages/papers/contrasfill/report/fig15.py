"""Figure 15: grids of known and unknown codes on the three datasets. Source: supp §5, Fig. 15."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Measures, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.names import DATASETS
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

FACTORS = {"face": "identity", "bird": "species", "car": "shape"}
SMALLER = Measures(tile=96, heading=6.5)


class Block(Base):
    """How many contexts of each dataset, and how many codes of each kind."""

    contexts: int = Field(gt=0)
    known: int = Field(gt=1)
    unknown: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_contrasfill, a grid, of every dataset."""
    groups, used, shown = [], [], []
    for dataset, label in DATASETS.items():
        data, samples = read_all(inputs, dataset)
        held = samples["contrasfill"]
        used.append(held)
        places = spread(len(held.several), block.contexts)
        shown.append(f"{dataset} {contexts_text(data, held, places)}")
        groups += [
            Group(
                f"{label}, known factor: {FACTORS[dataset]}",
                grid_to_rows(data, held, place, block.known, block.unknown),
            )
            for place in places
        ]
    caption = (
        f"Figure 15. Disentanglement on three datasets ({seeds_text(used)}). All tiles of a grid fill the same box "
        "hole of one context: columns share the known code (identity, species, car shape), rows the unknown code. "
        "Contexts, "
        f"spread evenly over the evaluation split: {'; '.join(shown)}; codes are the first ones drawn. None was chosen."
    )
    sheet = Sheet(grid_headings(block.known), tuple(groups), gaps_after=(1,))
    return Drawn(sheet_to_figure(sheet, SMALLER), profile_of(used), caption)
