"""Figure 7: masks found in test photos with 1 to 32 parts.

Source: supp §F.4, Fig. 7.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.runs import open_runs
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import Drawn, Panel, panels_to_figure
from stages.papers.ganseg.report.shown import found_to_strip, open_sets, photos_to_show
from stages.papers.ganseg.report.table4 import LINES, lines_to_sources


class Block(Base):
    """How many photos of each set."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    photos: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<set> and score_<row>_<set> of all rows and every set; a run stands in the line of its own K."""
    panels, sources = [], lines_to_sources(open_runs(inputs, "score"))
    for name, data in open_sets(inputs, list(DATASETS)).items():
        places = photos_to_show(data, block.photos)
        strips = []
        for row, label in LINES.items():
            source = "_".join(sources.get((row, name), ()))
            folder = inputs[f"score_{source}"] if source else None
            strips.append(found_to_strip(label, folder, data, places, len(places)))
        panels.append(Panel(DATASETS[name], tuple(strips)))
    caption = (
        f"Figure 7. Masks found in test photos with K = 1 to 32 parts, {block.photos} photos of each set (or all, "
        "where there are fewer), drawn uniformly; all lines of a set show the same ones."
    )
    return Drawn(panels_to_figure(panels, len(DATASETS) // 2), block.profile, caption)
