"""Figure 9: diverse samples of ContrasFill where the hole is the object's own mask. Source: supp §5, Fig. 9."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.pictures import (
    Drawn,
    contexts_text,
    headings,
    profile_of,
    read_all,
    sample_to_row,
    seeds_text,
    spread,
)


class Block(Base):
    """How many images of each dataset, and how many samples of each."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_contrasfill of every dataset."""
    groups, used, shown = [], [], []
    for dataset, label in DATASETS.items():
        data, samples = read_all(inputs, dataset)
        held = samples["contrasfill"]
        used.append(held)
        places = spread(len(held.several), block.rows)
        shown.append(f"{dataset} {contexts_text(data, held, places)}")
        groups.append(
            Group(label, tuple(sample_to_row("", data, held, place, block.samples, True) for place in places))
        )
    caption = (
        f"Figure 9. Samples of ContrasFill where the hole is the object's mask ({seeds_text(used)}). "
        "Every line: an evaluation image, its hole, what the method is given, and "
        f"{block.samples} samples with both codes drawn anew. Contexts, spread evenly over the evaluation split: "
        f"{'; '.join(shown)}; the samples are the first ones drawn. None was chosen."
    )
    sheet = Sheet(headings(block.samples), tuple(groups), gaps_after=(2,))
    return Drawn(sheet_to_figure(sheet), profile_of(used), caption)
