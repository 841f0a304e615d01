"""What figures 12 to 14 share: random samples of all methods in the same box holes. Source: supp §5, Fig. 12 to 14."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group
from stages.papers.contrasfill.report.contexts import over_sets
from stages.papers.contrasfill.report.names import BOX_METHODS, DATASETS
from stages.papers.contrasfill.report.pictures import Drawn, headings, sample_to_row
from stages.papers.contrasfill.sampled import Samples


class Block(Base):
    """Which figure and dataset, how many images, and how many samples of each by each method."""

    number: int = Field(ge=12, le=14)
    dataset: Literal["face", "bird", "car"]
    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_<method> of all five methods.

    Raises: ValueError for a method that is missing.
    """
    if missing := [name for name in sorted(BOX_METHODS) if f"sample_{block.dataset}_{name}" not in inputs]:
        raise ValueError(
            f"figure {block.number} shows {sorted(BOX_METHODS)}, inputs lack sample_{block.dataset}_{missing[0]}"
        )

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> Iterator[Group]:
        for count, place in enumerate(places, start=1):
            rows = (
                sample_to_row(
                    label.split()[0], data, samples[method], place, block.samples, method == next(iter(BOX_METHODS))
                )
                for method, label in BOX_METHODS.items()
            )
            yield Group(f"{DATASETS[name]} {count}", tuple(rows))

    found = over_sets(inputs, {block.dataset: ""}, block.rows, to_groups)
    caption = (
        f"Figure {block.number}. Random samples on the {block.dataset} dataset, box holes ({found.seeds}): "
        f"an evaluation image, its hole, what the methods are given, and the first {block.samples} samples of "
        f"{', '.join(label.split()[0] for label in BOX_METHODS.values())}. Contexts, spread evenly over the evaluation "
        f"split: {found.said}. None was chosen."
    )
    return found.drawn(headings(block.samples), (2,), caption)
