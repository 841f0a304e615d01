"""Photos of one's own: masks that the segmenter finds in those held out, and random generations. Not in the paper."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.runs import not_run
from stages.papers.ganseg.report.generated import made_to_strip
from stages.papers.ganseg.report.pictures import Drawn, Panel, Strip, panels_to_figure
from stages.papers.ganseg.report.shown import found_to_strip, photos_text, photos_to_show

LABEL = "photos of one's own"


class Block(Base):
    """How many photos, and how many stand in one row; of generations, which are pairs, half as many."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    photos: int = Field(gt=0)
    across: int = Field(gt=1)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data, score (the segmenter) and sample, all of one size."""
    if not_run(inputs["data"]) is not None:
        empty = Panel(LABEL, (Strip("", None),))
        return Drawn(panels_to_figure([empty], 1), block.profile, f"Masks found on {LABEL}: there is no such set.")
    data = Packed.open(inputs["data"])
    found = found_to_strip("found", inputs["score"], data, photos_to_show(data, block.photos), block.across)
    made, said = made_to_strip("generated", inputs["sample"], "folder", LABEL, block.across // 2)
    side = data.images.shape[1]
    caption = (
        f"Masks that the segmenter finds on {LABEL} at {side} px: {photos_text(data, block.photos)}, in the order of "
        f"their paths. The segmenter has seen generated pairs only. Below: {said}"
    )
    return Drawn(panels_to_figure([Panel(f"{LABEL}, {side} px", (found, made))], 1), block.profile, caption)
