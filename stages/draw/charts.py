"""Small charts side by side, in the house's look."""

from collections.abc import Sequence
from typing import Any

from stages.draw import style

WIDE, TALL = 2.5, 2.2  # of one chart, in inches
LEFT, RIGHT, BELOW, ABOVE = 0.62, 0.15, 0.5, 0.42


def charts(rows: int, columns: int) -> tuple[Any, list[Any]]:
    """A figure with so many charts, row by row; its lowest strip belongs to the footer."""
    import matplotlib

    width, height = columns * WIDE, rows * TALL + 0.2
    figure = style.figure(width, height)
    found = []
    with matplotlib.rc_context(style.settings()):
        for place in range(rows * columns):
            row, column = divmod(place, columns)
            corner = (column * WIDE + LEFT) / width, (height - (row + 1) * TALL + BELOW) / height
            size = (WIDE - LEFT - RIGHT) / width, (TALL - BELOW - ABOVE) / height
            axes = figure.add_axes((*corner, *size))
            axes.tick_params(labelsize=6)
            found.append(axes)
    return figure, found


def name(axes: Any, title: str, across: str, up: str = "") -> None:
    """The words around a chart."""
    axes.set_title(title, fontsize=style.LABEL_POINTS, loc="left")
    axes.set_xlabel(across, fontsize=6.5, labelpad=2)
    axes.set_ylabel(up, fontsize=6.5, labelpad=2)


def no_numbers(axes: Any, reason: str) -> None:
    """A chart without numbers says why."""
    import textwrap

    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, textwrap.fill(reason, 26), ha="center", va="center", transform=axes.transAxes,
              fontsize=style.FOOTER_POINTS, color=style.INK)  # fmt: skip
    axes.set_facecolor("#ced3d9")


def draw_points(axes: Any, points: Sequence[tuple[float, float, bool]], ink: str) -> None:
    """A line through (x, y, kept); what is not kept is an open mark beside the line."""
    line = [(x, y) for x, y, kept in points if kept]
    if line:
        axes.plot(*zip(*line, strict=True), color=ink, linewidth=1.2, marker="o", markersize=3.5)
    for x, y, kept in points:
        if not kept:
            axes.plot([x], [y], color=ink, marker="o", markersize=4, markerfacecolor=style.PAPER)
