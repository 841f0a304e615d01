"""Figure 5: the loss of one positive pair (Eq. 3) as a fraction of tiles. Source: supp §3, Fig. 5; main Eq 3."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw import style
from stages.draw.board import Board, Point
from stages.draw.drawn import Drawn
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.combinations import Pair
from stages.papers.contrasfill.report.notation import HARD, MARGIN, PAIR_WIDTH, Block, drawn, named, pair, sheet

TERM = PAIR_WIDTH + 0.5
LINE = 0.62


def term(held: Board, left: Point, both: Pair, hard: bool, sign: str) -> None:
    """`+ f ( A , B )`, beginning at its left edge."""
    x, y = left
    held.text((x + 0.12, y), sign, fontsize=12, color=style.INK)
    held.text((x + 0.36, y), r"$f$", fontsize=14, color=HARD if hard else style.INK)
    pair(held, (x + 0.42 + PAIR_WIDTH / 2, y), both, hard)


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Needs no inputs: the denominator is the positive pair and `combinations.negatives` of the anchor (gap G4)."""
    positive = (block.anchor, block.partner)
    hard = combinations.hard_negatives(block.cells, block.anchor, block.space)
    below = [(block.anchor, other) for other in combinations.negatives(block.cells, block.anchor, block.space)]
    across = block.codes
    lines = 1 + -(-len(below) // across)
    head = 1.1
    held = sheet(head + across * TERM + 0.15, LINE * (lines + 1) + 0.35)
    top, left = held.height - MARGIN, MARGIN + head
    bar = top - LINE - 0.02
    held.text((MARGIN, bar), r"$\ell$  =  $-\log$", fontsize=14, ha="left", color=style.INK)
    middle = left + (across * TERM) / 2
    term(held, (middle - TERM / 2, top - LINE / 2), positive, False, "")
    held.line([(left, bar), (left + across * TERM + 0.1, bar)], color=style.INK, linewidth=1.0)
    term(held, (left, bar - LINE * 0.6), positive, False, "")
    for place, both in enumerate(below):
        at = (left + (place % across) * TERM, bar - LINE * (1.6 + place // across))
        term(held, at, both, both[1] in hard, "+")
    held.text((left + TERM + 0.3, bar - LINE * 0.6), r"$+\;F_N$, the sum over the anchor's negatives:", ha="left",
              fontsize=style.LABEL_POINTS + 1, color=style.SOFT)  # fmt: skip
    caption = (
        f"Figure 5. Eq. 3 for one positive pair of the {block.space} space, the images {named(block.anchor)} and "
        f"{named(block.partner)}. f is the similarity exp(cos / τ) of Eq. 2. The denominator holds the pair itself and "
        f"the {len(below)} negatives of the first image ({len(hard)} hard ones highlighted). The loss of the space "
        "(Eq. 4) is the mean over all positive pairs, each taken in both orders."
    )
    return drawn(block, held, caption)
