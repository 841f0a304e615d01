"""Figure 10: holes over a part of the object, loosely or strongly tied to what is left. Source: supp §5, Fig. 10."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Row, Sheet, sheet_to_figure
from stages.papers.contrasfill.report.names import PARTIAL
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
    """How many images of each hole, and how many samples of each."""

    rows: int = Field(gt=0)
    samples: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<hole> and sample_<hole>_contrasfill of every partial hole."""
    groups, used, shown = [], [], []
    for hole, label in PARTIAL.items():
        data, samples = read_all(inputs, hole)
        held = samples["contrasfill"]
        used.append(held)
        places = spread(len(held.several), block.rows)
        shown.append(f"{label.lower()} {contexts_text(data, held, places)}")
        rows = [sample_to_row("", data, held, place, block.samples, True) for place in places]
        groups.append(Group(label, tuple(Row("", (row.tiles[0], *row.tiles[2:])) for row in rows)))
    caption = (
        f"Figure 10. Holes over a part of the object ({seeds_text(used)}): both eyes, one eye, lamps and grill of a "
        f"car, part of a bird. Every line: an evaluation image, what the method is given, and its first "
        f"{block.samples} "
        "samples with both codes drawn anew, by the models of box holes without further training. The paper finds rows "
        "1 and 3 diverse, rows 2 and 4 nearly deterministic; results/tables/partial_masks.md measures it. Contexts, "
        f"spread evenly over the evaluation split: {'; '.join(shown)}. None was chosen."
    )
    heads = headings(block.samples)
    sheet = Sheet((heads[0], *heads[2:]), tuple(groups), gaps_after=(1,))
    return Drawn(sheet_to_figure(sheet), profile_of(used), caption)
