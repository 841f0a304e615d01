"""What coupling by transport changes: weights of WeightNCE and MoNCE of one picture, and what their columns sum to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stages.draw.charts import charts, name, no_numbers
from stages.draw.drawn import Drawn
from stages.draw.style import LABEL_POINTS, SERIES
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.names import METHODS
from stages.papers.monce.report.scores import open_score

MODES = {"weight": SERIES[1], "monce": SERIES[0]}


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: similarity."""
    score = open_score(inputs, "similarity", block.profile)
    figure, axes = charts(1, 3)
    if score.run.facts is None:
        for chart in axes:
            no_numbers(chart, score.run.reason)
        return Drawn(figure, block.profile, f"Weights of negatives: not run ({score.run.reason}).")
    said = score.facts["plan"]
    plans = {mode: np.load(score.folder / f"plan_{mode}.npy") for mode in MODES}
    top = max(float(plan.max()) for plan in plans.values())
    for chart, (mode, plan) in zip(axes, plans.items(), strict=False):
        chart.imshow(plan, cmap="Greys", vmin=0, vmax=top, interpolation="none", aspect="equal", origin="upper")
        name(chart, METHODS[mode], "negative j", "anchor i")
        chart.set(xticks=[], yticks=[])
    draw_sums(axes[2], {mode: said["column_sums"][mode] for mode in MODES})
    errors = ", ".join(f"{METHODS[mode]} {said['row_error'][mode]:.1e}" for mode in MODES)
    caption = (
        f"Weights w_ij of the negatives of one picture ({said['key']}) at layer {said['layer']} of the generator, "
        f"{said['favour']} negatives, beta {said['beta']:g}, one grey scale: each anchor on its own (WeightNCE), and "
        f"all coupled by {said['iterations']} iterations of transport (MoNCE). Right: how much weight each negative "
        f"gets over all anchors, which MoNCE makes 1. Largest error of a row sum: {errors}."
    )
    return Drawn(figure, block.profile, caption)


def draw_sums(axes: Any, sums: Mapping[str, list[float]]) -> None:
    """How many negatives have which column sum."""
    edges = np.linspace(0, max(2.0, *(max(values) for values in sums.values())), 25)
    for mode, values in sums.items():
        axes.hist(values, bins=edges, color=MODES[mode], alpha=0.6, label=METHODS[mode])
    name(axes, "column sums", "sum over anchors", "negatives")
    axes.legend(fontsize=LABEL_POINTS - 2.5, frameon=False, loc="upper right", handlelength=0.8)
