"""Figure 9: diverse samples of ContrasFill where the hole is the object's own mask. Source: supp §5, Fig. 9."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group
from stages.papers.contrasfill.report.contexts import OURS, over_sets
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.pictures import Drawn, headings, sample_to_row
from stages.papers.contrasfill.sampled import Samples


class Block(Base):
    """How many images of each dataset, and how many samples of each."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset> and sample_<dataset>_contrasfill of every dataset."""

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> list[Group]:
        rows = (sample_to_row("", data, samples[OURS], place, block.samples, True) for place in places)
        return [Group(DATASETS[name], tuple(rows))]

    found = over_sets(inputs, {name: name for name in DATASETS}, block.rows, to_groups)
    caption = (
        f"Figure 9. Samples of ContrasFill where the hole is the object's mask ({found.seeds}). "
        "Every line: an evaluation image, its hole, what the method is given, and "
        f"{block.samples} samples with both codes drawn anew. Contexts, spread evenly over the evaluation split: "
        f"{found.said}; the samples are the first ones drawn. None was chosen."
    )
    return found.drawn(headings(block.samples), (2,), caption)
