"""Figure 7: moving along the identity direction of an unconditional StyleGAN2. Source: supp §4.2, Fig. 7."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from pydantic import Field

from stages.block import Block as Base
from stages.data.files import read_json
from stages.draw.drawn import Drawn
from stages.draw.grid import Group, Row, Sheet, sheet_to_figure


class Block(Base):
    """How many faces."""

    rows: int = Field(gt=0)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input walk: the folder of the identity study. Raises: ValueError where it shows fewer faces."""
    facts = read_json(inputs["walk"] / "study.json")
    walks = np.load(inputs["walk"] / "walk.npy", mmap_mode="r")
    if len(walks) < block.rows:
        raise ValueError(f"the figure shows {block.rows} faces, the study kept {len(walks)}: raise the key shown")
    offsets = walks.shape[1] // 2
    rows = tuple(
        Row(f"face {row + 1}\n± {facts['extremes'][row]:.3g}", tuple(np.asarray(walks[row])))
        for row in range(block.rows)
    )
    numbers = [f"{number:+d}/{offsets}".replace("-", "−") for number in range(-offsets, offsets + 1)]
    numbers[offsets] = "inversion"
    sheet = Sheet(tuple(numbers), (Group("Along the identity direction", rows),), gaps_after=(offsets - 1, offsets))
    low = [str(row + 1) for row in range(block.rows) if facts["realness"][row] <= facts["bound_drop"]]
    free = (
        f" The realness of face {' and '.join(low)} is too low to fall so far; there the other faces' median stands."
        if low
        else ""
    )
    caption = (
        "Figure 7. Moving along the identity direction found in the W+ space of an unconditional StyleGAN2 "
        f"(seed {facts['seed']}), regressed on {facts['faces']} inverted photos of {facts['identities']} people. "
        f"Middle: the inversions of photos {', '.join(facts['shown'][: block.rows])}; to the sides, offsets by equal "
        "shares of the largest one at which both sides keep realness within "
        f"{facts['bound_drop']:g} of the inversion's (in lengths of W+, at the left of each line).{free} "
        "The faces are spread evenly over the evaluation split; none was chosen."
    )
    return Drawn(sheet_to_figure(sheet), facts["profile"], caption)
