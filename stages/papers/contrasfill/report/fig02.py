"""Figure 2: all combinations of 4 known and 4 unknown codes, and pairs of them. Source: supp §3, Fig. 2; main Eq 1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw import style
from stages.draw.drawn import Drawn
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.report.notation import (
    MARGIN,
    Block,
    drawn,
    grid_with_codes,
    lines_size,
    pairs_in_lines,
    sheet,
)

PITCH = 0.5


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the grid and its pairs follow from the number of codes."""
    every = combinations.pairs(block.cells)
    shown = [every[place * len(every) // block.pairs_shown] for place in range(block.pairs_shown)]
    across = -(-block.pairs_shown // 2)
    wide, tall = lines_size(len(shown), across)
    grid = block.codes * PITCH
    held = sheet(wide + 0.55, grid + 1.0 + 0.55 + tall)
    middle, top = held.width / 2, held.height - MARGIN
    corner = (middle - grid / 2 + PITCH / 2 + 0.2, top - 1.0)
    grid_with_codes(held, block, corner, PITCH)
    small = {"fontsize": style.LABEL_POINTS, "color": style.SOFT}
    held.text((corner[0] - 1.55, corner[1] - (grid - PITCH) / 2), "known\ncodes", **small)
    held.text((corner[0] + grid + 0.4, corner[1] + 0.5), "unknown codes", **small)
    count = len(block.cells)
    held.text((corner[0] + grid + 0.4, corner[1] - (grid - PITCH) / 2), f"{count} combinations", **small)
    line = top - 1.0 - grid - 0.05
    held.text((middle, line), f"{len(shown)} of the {len(every)} pairs of different images", **small)
    pairs_in_lines(held, (MARGIN, line - 0.25), shown, across)
    held.text((MARGIN + wide + 0.3, line - 0.25 - tall / 2), "…", fontsize=16)
    caption = (
        f"Figure 2. {block.codes} warm colours are known codes, {block.codes} cold ones unknown codes; each of their "
        f"{count} combinations is one image, its known code above and its unknown code below. Any two different images "
        f"form a pair (Eq. 1 of the paper): {len(every)} pairs, of which {len(shown)}, evenly spread, are shown."
    )
    return drawn(block, held, caption)
