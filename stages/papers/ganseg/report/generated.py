"""Random generations as a strip of pictures, each with its points and with its masks."""

from pathlib import Path

import numpy as np

from stages.data.files import read_json
from stages.draw.runs import not_run
from stages.papers.ganseg.report.colours import mark, overlay, part_colours
from stages.papers.ganseg.report.pictures import ARM, Strip, enlarged, tiles_to_picture


def made_to_strip(head: str, folder: Path, dataset: str, label: str, across: int) -> tuple[Strip, str]:
    """All pictures of a sample as one strip, and what is to be said of them; an empty one where it was not run.

    Raises: ValueError for generations of another set.
    """
    if not_run(folder) is not None:
        return Strip(head, None), f"{label}: not run."
    facts = read_json(folder / "sample.json")
    if facts["data"] != dataset:
        raise ValueError(f"{folder}: expected generations of {dataset}, got {facts['data']}")
    images, labels, points = (np.load(folder / f"{name}.npy") for name in ("images", "labels", "points"))
    colours = part_colours(facts["parts"])
    tiles = []
    for image, found, placed in zip(images, labels, points, strict=True):
        tiles.append(mark(enlarged(image), placed, colours, ARM, facts["grid"]))
        tiles.append(enlarged(overlay(image, found, facts["parts"])))
    said = (
        f"{len(images)} random generations of {label}, none chosen (seed {facts['seed']}, the first of "
        f"{facts['generations']}). Of each, left: the picture with all {facts['parts']} x {facts['points_per_part']} "
        "points, coloured by part; right: the picture with its masks."
    )
    return Strip(head, tiles_to_picture(tiles, 2 * across)), said
