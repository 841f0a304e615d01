"""Figure 1: distance of objects by category, against the scales in use, with and without the contrastive task: C2, C3.

Source: supp §2.1, Fig. 1.
"""

from collections.abc import Mapping
from math import nan
from pathlib import Path
from statistics import fmean
from typing import Any

from stages.draw.charts import charts, name, no_numbers
from stages.draw.drawn import Drawn
from stages.draw.style import FOOTER_POINTS, SERIES, SOFT
from stages.papers.mscond.measured import detections_metric, object_metric
from stages.papers.mscond.report.block import ReportBlock as Block
from stages.papers.mscond.report.names import LADDER, REFERENCE, RUNS_OF_LADDER, STREETS
from stages.papers.mscond.report.runs import Score, Scores, categories_of, distance_of, open_scores

ACROSS = 3  # categories in a row
TASK = {"without": SERIES[1], "with": SERIES[0]}
DODGE = 0.04  # of the two series from one another, across
MARK = {"marker": "o", "markersize": 3}
REAL_LINE = {"linewidth": 0.9, "linestyle": "--"}


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Inputs: reference_<streets> and score_<streets>_<run>_<seed> of the ladder."""
    scores = open_scores(inputs, block.profile, RUNS_OF_LADDER)
    categories, metric = categories_of(scores, STREETS), distance_of(scores, STREETS)
    if not categories:
        reason = scores[STREETS, REFERENCE].reason
        figure, axes = charts(1, 2)  # wide enough for the footer
        no_numbers(axes[0], reason)
        axes[1].set_axis_off()
        return Drawn(figure, block.profile, f"Figure 1. Distance of objects by category: not run ({reason}).")
    across = min(ACROSS, len(categories))
    lines = -(-len(categories) // across)
    figure, axes = charts(2 * lines, across)
    for place in range(lines * across):
        line, column = divmod(place, across)
        upper, lower = axes[2 * line * across + column], axes[(2 * line + 1) * across + column]
        if place >= len(categories):
            upper.set_axis_off()
            lower.set_axis_off()
            continue
        category = categories[place]
        draw(upper, scores, object_metric(metric, category), "halves")
        draw(lower, scores, detections_metric(category), "real")
        name(upper, f"{category}, N = {count_of(scores):,}", "heights of maps in use", metric)
        name(lower, f"{category} found", "heights of maps in use", "boxes a picture")
    explain(figure)
    caption = (
        f"Figure 1. Above: Fréchet distance ({metric}) between N real and N generated crops of a category on "
        "Cityscapes, by the scales whose feature maps judge, without and with the contrastive task; marks: seeds, "
        "line: their mean. Broken line: N real crops from N others, which no model can be expected to beat. Below: "
        "accepted boxes a picture, broken line: in real pictures. "
        f"{missing(scores, metric, categories)}Numbers: mscond_object_fid."
    )
    return Drawn(figure, block.profile, caption)


def count_of(scores: Scores) -> int:
    """Crops of a category on either side."""
    return next(score.facts["objects_count"] for score in scores.values() if score.facts)


def draw(axes: Any, scores: Scores, metric: str, reference: str) -> None:
    """Both series over the scale sets, and what real pictures give; a reason where no run has a number."""
    if not any(score.numbers(metric) for score in ladder_scores(scores)):
        no_numbers(axes, ladder_scores(scores)[0].why(metric))
        return
    for at, ink in enumerate(TASK.values()):
        held = [scores[STREETS, runs[at]].numbers(metric) for runs in LADDER.values()]
        across = [x + DODGE * (2 * at - 1) for x in range(len(held))]
        axes.plot(across, [fmean(numbers.values()) if numbers else nan for numbers in held], color=ink, linewidth=1.2)
        marks = [(x, value) for x, numbers in zip(across, held, strict=True) for value in numbers.values()]
        axes.plot([x for x, _ in marks], [value for _, value in marks], color=ink, linestyle="", **MARK)
    for value in scores[STREETS, REFERENCE].numbers(metric, reference).values():
        axes.axhline(value, color=SOFT, **REAL_LINE)
    axes.set_xticks(range(len(LADDER)), labels=list(LADDER))
    axes.set_xlim(-0.3, len(LADDER) - 0.7)
    axes.set_ylim(bottom=0)


def ladder_scores(scores: Scores) -> list[Score]:
    """The scores of the ladder's runs, those that were run first."""
    every = [scores[STREETS, run] for runs in LADDER.values() for run in runs]
    return sorted(every, key=lambda score: bool(score.reason))


def explain(figure: Any) -> None:
    """The meaning of inks, once, above all charts."""
    from matplotlib.lines import Line2D

    lines = [Line2D([], [], color=ink, linewidth=1.2, **MARK, label=f"{said} the contrastive task")
             for said, ink in TASK.items()]  # fmt: skip
    lines.append(Line2D([], [], color=SOFT, **REAL_LINE, label="real pictures"))
    figure.legend(handles=lines, fontsize=FOOTER_POINTS + 1, frameon=False, loc="upper center", ncols=3, borderpad=0.2)


def missing(scores: Scores, metric: str, categories: list[str]) -> str:
    """What has no mark: runs that were left out, and categories with too few crops."""
    out = [f"{label} {said} the task ({score.reason})" for label, runs in LADDER.items()
           for said, run in zip(TASK, runs, strict=True) if (score := scores[STREETS, run]).reason]  # fmt: skip
    few = [
        f"{category} at {label} {said} the task, seed {seed} ({why})"
        for category in categories
        for label, runs in LADDER.items()
        for said, run in zip(TASK, runs, strict=True)
        for seed, why in scores[STREETS, run].missing(object_metric(metric, category)).items()
    ]
    return "".join([f"Not run: {', '.join(out)}. " if out else "", f"No number: {', '.join(few)}. " if few else ""])
