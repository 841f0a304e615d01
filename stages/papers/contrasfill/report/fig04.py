"""Figure 4: N of one image, all negative pairs that belong to it, hard ones highlighted. Source: supp §3, Fig. 4."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw import style
from stages.draw.drawn import Drawn
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.report.notation import (
    HARD,
    MARGIN,
    Block,
    drawn,
    lines_size,
    named,
    pairs_in_lines,
    sheet,
)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the pairs are `combinations.negatives` and `hard_negatives` of the anchor."""
    others = combinations.negatives(block.cells, block.anchor, block.space)
    hard = [(block.anchor, other) for other in combinations.hard_negatives(block.cells, block.anchor, block.space)]
    listed = [(block.anchor, other) for other in others]
    wide, tall = lines_size(len(listed), block.codes)
    head = 1.15
    held = sheet(head + wide + 0.1, tall + 0.5)
    top = held.height - MARGIN - 0.1
    held.text((MARGIN, top - tall / 2), r"$N_{\mathbf{k},u}$  =", fontsize=15, ha="left", color=style.INK)
    pairs_in_lines(held, (MARGIN + head, top), listed, block.codes, hard)
    note = f"highlighted: {len(hard)} hard negatives, which share the other code"
    held.text((MARGIN + head, top - tall - 0.25), note, ha="left", fontsize=style.LABEL_POINTS, color=HARD)
    caption = (
        f"Figure 4. The set of negative pairs of the image {named(block.anchor)} in the {block.space} space: "
        f"{len(listed)} images have another {block.space} code. Parentheses of the {len(hard)} hard ones are "
        "highlighted: they share the code of the other space, so only the "
        f"{block.space} code can tell them apart."
    )
    return drawn(block, held, caption)
