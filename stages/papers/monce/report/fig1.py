"""Figure 1: horses translated by MoNCE at five weights Q of the negative term. Source: supp §3, Fig. 1."""

from collections.abc import Mapping
from pathlib import Path

from stages.draw.drawn import Drawn
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.names import SWEPT, UNPAIRED
from stages.papers.monce.report.scores import open_score
from stages.papers.monce.report.sheets import columns_of, said_of, shown, to_figure

HEADINGS = {run: f"Q = {weight:g}" for run, weight in SWEPT.items()} | {"monce": "Q = 1 (default)"}


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: sweep, the score of all runs on horses."""
    score = open_score(inputs, "sweep", block.profile)
    columns = columns_of(score, tuple(SWEPT), HEADINGS)
    figure = to_figure(UNPAIRED["horses"], {"input": shown(score, "input")}, columns)
    caption = (
        "Figure 1. Unpaired translation by MoNCE on Horse→Zebra with different weights Q of the negative term; the "
        "default is Q = 1. The text names no other value of Q: these are those of the authors' plotting scripts. "
        f"Numbers: monce_q_sweep. {said_of(score, tuple(SWEPT))}"
    )
    return Drawn(figure, block.profile, caption)
