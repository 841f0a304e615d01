"""Figures 2 to 4: different losses for unpaired translation. Source: supp §6, Fig. 2 (Cityscapes), 3, 4."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.drawn import Drawn
from stages.papers.monce.report.block import ReportBlock
from stages.papers.monce.report.names import UNPAIRED, UNPAIRED_METHODS
from stages.papers.monce.report.scores import open_score
from stages.papers.monce.report.sheets import columns_of, said_of, shown, to_figure


class Block(ReportBlock):
    """The number of the figure, its set, and whether the source has a photo of its own to stand beside it."""

    figure: int
    dataset: str
    photo: bool


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: score, the set's score."""
    score, title = open_score(inputs, "score", block.profile), UNPAIRED[block.dataset]
    if score.run.facts is not None and score.facts["data"] != block.dataset:
        raise ValueError(f"{inputs['score']}: expected the score of {block.dataset}, got {score.facts['data']}")
    before = {"input": shown(score, "input")} | ({"photo (reference)": shown(score, "target")} if block.photo else {})
    figure = to_figure(title, before, columns_of(score, UNPAIRED_METHODS))
    beside = " The photo that belongs to a label map is no method's input." if block.photo else ""
    caption = (
        f"Figure {block.figure}. Different losses for unpaired translation on {title}, in the text's order.{beside} "
        f"Numbers: monce_unpaired. {said_of(score, UNPAIRED_METHODS)}"
    )
    return Drawn(figure, block.profile, caption)
