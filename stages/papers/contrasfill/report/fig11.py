"""Figure 11: a foreground made without its context and pasted, beside ours. Source: supp §5, Fig. 11."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.draw.grid import Group, Row, Sheet, erase, sheet_to_figure
from stages.papers.contrasfill.report.names import DATASETS
from stages.papers.contrasfill.report.pictures import Drawn, contexts_text, profile_of, read_all, seeds_text, spread
from stages.papers.contrasfill.sampled import positions_to_holes

PANELS = ("input", "pasted", "ours")


class Block(Base):
    """How many lines of each dataset, and how many images on a line."""

    rows: int = Field(gt=0)
    across: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<dataset>, sample_<dataset>_context_free and sample_<dataset>_contrasfill of every dataset."""
    groups, used, shown = [], [], []
    for dataset, label in DATASETS.items():
        data, samples = read_all(inputs, dataset)
        ours, pasted = samples["contrasfill"], samples["context_free"]
        used += [ours, pasted]
        places = spread(len(ours.several), block.rows * block.across)
        shown.append(f"{dataset} {contexts_text(data, ours, places)}")
        positions = ours.several[places]
        images, holes = data.images[positions], positions_to_holes(data, positions, ours.facts["hole"])
        tiles = [
            (erase(image, hole), np.asarray(pasted.multiple[place, 0]), np.asarray(ours.multiple[place, 0]))
            for image, hole, place in zip(images, holes, places, strict=True)
        ]
        lines = [tiles[start : start + block.across] for start in range(0, len(tiles), block.across)]
        groups.append(Group(label, tuple(Row("", tuple(tile for three in line for tile in three)) for line in lines)))
    caption = (
        f"Figure 11. The importance of context ({seeds_text(used)}). Every three tiles: the masked input; the "
        "foreground of a generator that sees the hole's mask alone, pasted into it; ours, which sees the context. Both "
        "are the "
        "first sample drawn. results/tables/context.md measures how well they fit. Contexts, spread evenly over the "
        f"evaluation split: {'; '.join(shown)}. None was chosen."
    )
    wide = tuple(len(PANELS) * number - 1 for number in range(1, block.across))
    sheet = Sheet(PANELS * block.across, tuple(groups), gaps_after=wide)
    return Drawn(sheet_to_figure(sheet), profile_of(used), caption)
