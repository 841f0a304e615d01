"""What figures 12 to 14 share: random samples of all methods in the same box holes. Source: supp §5, Fig. 12 to 14."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.names import BOX_METHODS, DATASETS
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
    """How many images, and how many samples of each by each method."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def random_samples(number: int, dataset: str, block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_<method> of all five methods."""
    data, samples = read_all(inputs, dataset)
    first = next(iter(BOX_METHODS))
    if missing := sorted(set(BOX_METHODS) - set(samples)):
        raise ValueError(f"figure {number} shows {sorted(BOX_METHODS)}, inputs lack sample_{dataset}_{missing[0]}")
    held = samples[first]
    places = spread(len(held.several), block.rows)
    groups = [
        Group(
            f"{DATASETS[dataset]} {count}",
            tuple(
                sample_to_row(label.split()[0], data, samples[method], place, block.samples, method == first)
                for method, label in BOX_METHODS.items()
            ),
        )
        for count, place in enumerate(places, start=1)
    ]
    caption = (
        f"Figure {number}. Random samples on the {dataset} dataset, box holes ({seeds_text(list(samples.values()))}): "
        f"an evaluation image, its hole, what the methods are given, and the first {block.samples} samples of "
        f"{', '.join(label.split()[0] for label in BOX_METHODS.values())}. Contexts, spread evenly over the evaluation "
        f"split: {contexts_text(data, held, places)}. None was chosen."
    )
    sheet = Sheet(headings(block.samples), tuple(groups), gaps_after=(2,))
    return Drawn(sheet_to_figure(sheet), profile_of(list(samples.values())), caption)
