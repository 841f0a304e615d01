"""Figure 5: masks found in test photos with a fixed scale of parts and with the scale estimated from points.

Source: supp §F.2, Fig. 5.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import Drawn, Panel, panels_to_figure
from stages.papers.ganseg.report.shown import found_to_strip, open_sets, photos_to_show
from stages.papers.ganseg.report.table2 import LINES


class Block(Base):
    """How many photos of each set."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    photos: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<set> and score_<row>_<set> of both rows and every set."""
    panels = []
    for name, data in open_sets(inputs, list(DATASETS)).items():
        places = photos_to_show(data, block.photos)
        strips = [
            found_to_strip(label, inputs[f"score_{row}_{name}"], data, places, len(places))
            for row, label in LINES.items()
        ]
        panels.append(Panel(DATASETS[name], tuple(strips)))
    caption = (
        "Figure 5. Masks that segmenters find in test photos, trained on pairs of a generator whose parts have one "
        f"fixed scale σ, and of the generator that estimates it from points. {block.photos} photos of each set (or "
        "all, where there are fewer), drawn uniformly; both lines show the same ones. Colours are parts; they mean "
        "nothing across lines."
    )
    return Drawn(panels_to_figure(panels, 1), block.profile, caption)
