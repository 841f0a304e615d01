"""How alike positives and negatives are, to the generator's own layers and to VGG-19: behind M8.

Source: main (its figure of similarities); spec §7.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.draw.charts import charts, name, no_numbers
from stages.draw.drawn import Drawn
from stages.draw.style import LABEL_POINTS, SERIES
from stages.papers.monce.report.block import ReportBlock as Block
from stages.papers.monce.report.scores import open_score

PARTS = {"negative": SERIES[1], "positive": SERIES[0]}


def illustrate(block: Block, inputs: Mapping[str, Path]) -> Drawn:
    """Input: similarity."""
    score = open_score(inputs, "similarity", block.profile)
    if score.run.facts is None:
        figure, (axes,) = charts(1, 1)
        no_numbers(axes, score.run.reason)
        return Drawn(figure, block.profile, f"Similarities of positives and negatives: not run ({score.run.reason}).")
    found, edges = score.facts["histograms"], score.facts["edges"]
    rows = list(dict.fromkeys(one["encoder"] for one in found))
    across = max(sum(one["encoder"] == encoder for one in found) for encoder in rows)
    figure, axes = charts(len(rows), across)
    for row, encoder in enumerate(rows):
        own = [one for one in found if one["encoder"] == encoder]
        for column in range(across):
            chart = axes[row * across + column]
            if column < len(own):
                draw(chart, own[column], edges, title_of(own[column]))
            else:
                chart.set_axis_off()
    said = "; ".join(
        f"{title_of(one)}: {one['positive_mean']:.2f} and {one['negative_mean']:.2f}, overlap {one['overlap']:.2f}"
        for one in found
    )
    caption = (
        "Similarities s_ij of positions with their own position of the other picture (positives) and with the others "
        "(negatives), as shares of all. Above: MoNCE's translations of test horses and their sources, at layers of "
        "the generator behind its head; below: pictures of ADE20K by SPADE with MoNCE and their photos, at raw "
        f"features of VGG-19, which are not negative. Means of both, and the shares that lie over each other: {said}."
    )
    return Drawn(figure, block.profile, caption)


def title_of(held: Mapping[str, Any]) -> str:
    """What looks, at which layer."""
    return f"layer {held['layer']}" if held["encoder"] == "generator" else f"VGG-19 {held['layer']}"


def draw(axes: Any, held: Mapping[str, Any], edges: list[float], title: str) -> None:
    """Both distributions over each other, each with its own height."""
    for part, ink in PARTS.items():
        share = [count / sum(held[part]) for count in held[part]]
        axes.stairs(share, edges, fill=True, color=ink, alpha=0.55, label=f"{part}s")
    name(axes, title, "similarity", "share")
    axes.set_xlim(-1, 1)
    axes.legend(fontsize=LABEL_POINTS - 2.5, frameon=False, loc="upper left", handlelength=0.8, borderpad=0)
