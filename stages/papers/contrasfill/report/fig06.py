"""Figure 6: a subsample in which every image has one hard negative in both spaces. Source: supp §3, Fig. 6; gap G5."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from stages.draw import style
from stages.draw.board import Board, Point
from stages.draw.drawn import Drawn
from stages.papers.contrasfill.combinations import Cell
from stages.papers.contrasfill.report.notation import FADED, MARGIN, Block, drawn, grid_centre, grid_with_codes, sheet

PITCH = 0.56


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the framed images are `combinations.subsample`."""
    chosen, grid = block.chosen, block.codes * PITCH
    held = sheet(1.35 + grid + 0.9, 0.95 + grid + 0.2)
    corner = (MARGIN + 1.35 + PITCH / 2, held.height - MARGIN - 1.0)
    links(held, corner, chosen)
    looks = {f"cell_{k}_{u}": {"frame": style.INK} if (k, u) in chosen else {"alpha": FADED} for k, u in block.cells}
    grid_with_codes(held, block, corner, PITCH, **looks)
    degrees(held, block, corner, chosen)
    uses = set(Counter(k for k, _ in chosen).values()) | set(Counter(u for _, u in chosen).values())
    caption = (
        f"Figure 6. {len(chosen)} of the {len(block.cells)} combinations, framed, in the pattern {block.subsample!r}. "
        f"Every code stands in {' or '.join(map(str, sorted(uses)))} of them, as the numbers beside lines and below "
        "columns count. So each image has one partner in its line (same known code: its positive in the known space, "
        "its hard negative in the unknown space) and one in its column (the other way round), joined by lines. "
        "The paper's own pattern is not in its text; every choice in which each code is used twice meets its condition."
    )
    return drawn(block, held, caption)


def links(held: Board, corner: Point, chosen: list[Cell]) -> None:
    """A line between every two framed images that share a code."""
    for place, first in enumerate(chosen):
        for second in chosen[place + 1 :]:
            if first[0] == second[0] or first[1] == second[1]:
                ends = [grid_centre(corner, PITCH, cell) for cell in (first, second)]
                held.line(ends, color=style.ACCENT, linewidth=1.6, zorder=0.5)


def degrees(held: Board, block: Block, corner: Point, chosen: list[Cell]) -> None:
    """How many framed images every line and column has."""
    look = {"fontsize": style.LABEL_POINTS, "color": style.ACCENT, "weight": "bold"}
    last = (block.codes - 1) * PITCH
    for index in range(block.codes):
        across = sum(cell[0] == index for cell in chosen)
        down = sum(cell[1] == index for cell in chosen)
        held.text((corner[0] + last + 0.5, corner[1] - index * PITCH), f"{across}", **look)
        held.text((corner[0] + index * PITCH, corner[1] - last - 0.46), f"{down}", **look)
    held.text((corner[0] + last + 0.5, corner[1] - last - 0.46), f"{len(chosen)}", **look)
