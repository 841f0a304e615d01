"""Samples of all four methods on the same holes: what Table 1's numbers look like."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.names import DATASETS, METHODS
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
    """Inputs: data_<dataset> and sample_<dataset>_<method> of every dataset and method."""
    groups, used, shown, first = [], [], [], next(iter(METHODS))
    for dataset, label in DATASETS.items():
        data, samples = read_all(inputs, dataset)
        used += samples.values()
        places = spread(len(next(iter(samples.values())).several), block.rows)
        shown.append(f"{dataset} {contexts_text(data, samples[first], places)}")
        for number, place in enumerate(places, start=1):
            rows = tuple(
                sample_to_row(name.split()[0], data, samples[method], place, block.samples, method == first)
                for method, name in METHODS.items()
            )
            groups.append(Group(label if len(places) == 1 else f"{label} {number}", rows))
    caption = (
        f"Samples of the four methods of Table 1 on the same object-mask holes ({seeds_text(used)}): an evaluation "
        "image, its hole, what the "
        f"methods are given, and on each method's line the first {block.samples} samples drawn. Contexts, "
        f"spread evenly over the evaluation split: {'; '.join(shown)}. None was chosen."
    )
    sheet = Sheet(headings(block.samples), tuple(groups), gaps_after=(2,))
    return Drawn(sheet_to_figure(sheet), profile_of(used), caption)
