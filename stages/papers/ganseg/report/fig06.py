"""Figure 6: what two auto-encoders make of test photos: points and masks laid over them.

Source: supp §F.1, Fig. 6.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.prepared.packed import Packed
from stages.draw.runs import Run
from stages.papers.ganseg.report.colours import mark, overlay, part_colours
from stages.papers.ganseg.report.names import DATASETS
from stages.papers.ganseg.report.pictures import (
    ARM,
    Drawn,
    Panel,
    Strip,
    enlarged,
    panels_to_figure,
    tiles_to_picture,
)  # fmt: skip
from stages.papers.ganseg.report.shown import open_sets, photos_to_show
from stages.papers.ganseg.report.triviality import KINDS, open_all


class Block(Base):
    """How many photos of each set."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    photos: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: data_<set> and encoded_<kind>_<set> of both kinds and every set."""
    runs = open_all(inputs)
    panels = []
    for name, data in open_sets(inputs, list(DATASETS)).items():
        places = photos_to_show(data, block.photos)
        strips = [to_strip(kind, runs[kind, name], inputs[f"encoded_{kind}_{name}"], data, places) for kind in KINDS]
        panels.append(Panel(DATASETS[name], tuple(strips)))
    caption = (
        "Figure 6. Auto-encoders in the place of the generative model, taught by reconstruction alone: "
        + "; ".join(f"{kind}: {said}" for kind, said in KINDS.items())
        + f". {block.photos} test photos of each set (or all, where there are fewer), drawn uniformly, with masks and, "
        "where the kind has them, points ('+') in the colour of their part. ganseg_ae_triviality.json says which rules "
        "of the detector fired."
    )
    return Drawn(panels_to_figure(panels, 1), block.profile, caption)


def to_strip(kind: str, run: Run, folder: Path, data: Packed, places: np.ndarray) -> Strip:
    """One kind on one set, with the rules that fired in its label."""
    if run.facts is None:
        return Strip(kind, None)
    parts, test = run.facts["parts"], np.asarray(data.positions("test"))
    labels = np.load(folder / "labels.npy", mmap_mode="r")
    points = np.load(folder / "points.npy", mmap_mode="r") if kind == "points" else None
    tiles = []
    for place in places:
        tile = enlarged(overlay(np.asarray(data.images[test[place]]), np.asarray(labels[place]), parts))
        if points is not None:
            tile = mark(tile, np.asarray(points[place]), part_colours(parts), ARM, run.facts["grid"])
        tiles.append(tile)
    fired = ", ".join(run.facts["fired"]) or "none"
    return Strip(f"{kind}\nfired:\n{fired.replace(', ', chr(10))}", tiles_to_picture(tiles, len(tiles)))
