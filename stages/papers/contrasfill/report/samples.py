"""Samples of all four methods on the same holes: what Table 1's numbers look like."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group
from stages.papers.contrasfill.report.contexts import over_sets
from stages.papers.contrasfill.report.names import DATASETS, METHODS
from stages.papers.contrasfill.report.pictures import Drawn, headings, sample_to_row
from stages.papers.contrasfill.sampled import Samples


class Block(Base):
    """How many images of each dataset, and how many samples of each."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_<method> of every dataset and method."""

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> Iterator[Group]:
        label = DATASETS[name]
        for number, place in enumerate(places, start=1):
            rows = (
                sample_to_row(
                    words.split()[0], data, samples[method], place, block.samples, method == next(iter(METHODS))
                )
                for method, words in METHODS.items()
            )
            yield Group(label if len(places) == 1 else f"{label} {number}", tuple(rows))

    found = over_sets(inputs, {name: name for name in DATASETS}, block.rows, to_groups)
    caption = (
        f"Samples of the four methods of Table 1 on the same object-mask holes ({found.seeds}): an evaluation "
        "image, its hole, what the "
        f"methods are given, and on each method's line the first {block.samples} samples drawn. Contexts, "
        f"spread evenly over the evaluation split: {found.said}. None was chosen."
    )
    return found.drawn(headings(block.samples), (2,), caption)
