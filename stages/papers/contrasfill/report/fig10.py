"""Figure 10: holes over a part of the object, loosely or strongly tied to what is left. Source: supp §5, Fig. 10."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.grid import Group, Row
from stages.papers.contrasfill.report.contexts import OURS, over_sets
from stages.papers.contrasfill.report.names import PARTIAL
from stages.papers.contrasfill.report.pictures import Drawn, headings, sample_to_row
from stages.papers.contrasfill.sampled import Samples


class Block(Base):
    """How many images of each hole, and how many samples of each."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<hole> and sample_<hole>_contrasfill of every partial hole."""

    def to_groups(name: str, data: Packed, samples: dict[str, Samples], places: list[int]) -> list[Group]:
        rows = (sample_to_row("", data, samples[OURS], place, block.samples, True) for place in places)
        return [Group(PARTIAL[name], tuple(Row("", (row.tiles[0], *row.tiles[2:])) for row in rows))]

    found = over_sets(inputs, {name: label.lower() for name, label in PARTIAL.items()}, block.rows, to_groups)
    caption = (
        f"Figure 10. Holes over a part of the object ({found.seeds}): both eyes, one eye, lamps and grill of a "
        f"car, part of a bird. Every line: an evaluation image, what the method is given, and its first "
        f"{block.samples} "
        "samples with both codes drawn anew, by the models of box holes without further training. The paper finds rows "
        "1 and 3 diverse, rows 2 and 4 nearly deterministic; results/tables/partial_masks.md measures it. Contexts, "
        f"spread evenly over the evaluation split: {found.said}. None was chosen."
    )
    heads = headings(block.samples)
    return found.drawn((heads[0], *heads[2:]), (1,), caption)
