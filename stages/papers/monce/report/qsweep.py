"""The Fréchet distance and the content kept against the weight Q. Source: supp §3, Fig. 1 by numbers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.draw.charts import charts, draw_points, name, no_numbers
from stages.draw.drawn import Drawn
from stages.draw.style import SERIES
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.names import SWEPT, arrow
from stages.papers.monce.report.scores import Score, open_score
from stages.papers.monce.report.sheets import said_of


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: sweep."""
    sweep = open_score(inputs, "sweep", block.profile)
    figure, (left, right) = charts(1, 2)
    for axes, metric, title in ((left, sweep.distance, "Fréchet distance"), (right, sweep.content, "content kept")):
        draw(axes, sweep, metric)
        name(axes, title, "Q, the default is 1", metric + arrow(metric))
    caption = (
        "MoNCE on Horse→Zebra: Fréchet distance and content kept against the weight Q of the negative term, seed 0. "
        "Open marks: runs that are not translated by our gate. The figure of the text has pictures alone: monce_fig1. "
        f"{said_of(sweep, tuple(SWEPT))}"
    )
    return Drawn(figure, block.profile, caption)


def draw(axes: Any, sweep: Score, metric: str) -> None:
    """The points of the runs that were made, on a logarithmic axis."""
    points = [
        (weight, number, sweep.translated(run))
        for run, weight in SWEPT.items()
        if (number := sweep.number(run, metric)) is not None
    ]
    if not points:
        no_numbers(axes, f"not run: {sweep.run.reason or sweep.reason('monce')}")
        return
    axes.set_xscale("log")
    draw_points(axes, points, SERIES[0])
    axes.set_xticks(list(SWEPT.values()), [f"{weight:g}" for weight in SWEPT.values()])
    axes.minorticks_off()
    axes.set_xlim(0.08, 6.3)
    axes.margins(y=0.2)
