"""Figure 3: P of one image, all positive pairs that belong to it. Source: supp §3, Fig. 3."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw import style
from stages.draw.drawn import Drawn
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.report.notation import MARGIN, Block, drawn, lines_size, named, pairs_in_lines, sheet


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the pairs are `combinations.positives` of the anchor."""
    listed = [(block.anchor, other) for other in combinations.positives(block.cells, block.anchor, block.space)]
    wide, tall = lines_size(len(listed), len(listed))
    head = 1.15
    held = sheet(head + wide + 0.1, tall + 0.2)
    height = held.height - MARGIN - 0.1 - tall / 2
    held.text((MARGIN, height), r"$P_{\mathbf{k},u}$  =", fontsize=15, ha="left", color=style.INK)
    pairs_in_lines(held, (MARGIN + head, height + tall / 2), listed, len(listed))
    total = len(combinations.positive_pairs(block.cells, block.space))
    caption = (
        f"Figure 3. The set of positive pairs of the image {named(block.anchor)} in the {block.space} space: among "
        f"{len(block.cells)} combinations, {len(listed)} others share its {block.space} code. Over all images there "
        f"are {total} positive pairs, {block.codes} times the pairs among {block.codes} images (one sentence of the "
        "text "
        "says 4·C(16,2): erratum E1)."
    )
    return drawn(block, held, caption)
