"""Sheets of many small pictures: strips of tiles under titles, laid out in whole pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.draw import style
from stages.draw.drawn import Drawn as Drawn
from stages.draw.grid import enlarge
from stages.papers.ganseg.report.names import NOT_RUN

TILE = 128
ARM = 4  # half the length of a '+', in pixels of a tile
GAP, MARGIN, HEAD, TITLE, FOOT, LABEL, BETWEEN = 4, 24, 14, 44, 48, 150, 36
ABSENT = 40  # height of a line that was not run


@dataclass(frozen=True)
class Strip:
    """Tiles in rows, as one picture uint8 [h, w, 3]; None where the run was not made in this profile."""

    label: str
    picture: np.ndarray | None


@dataclass(frozen=True)
class Panel:
    """Strips below one another, under a title."""

    title: str
    strips: tuple[Strip, ...]


def factor_for(side: int) -> int:
    """The whole factor that brings tiles of a side near to 128 px."""
    return max(1, round(TILE / side))


def tiles_to_picture(tiles: Sequence[np.ndarray], columns: int) -> np.ndarray:
    """Equal tiles in rows of `columns`, with white gaps; the last row may be short.

    Shapes: uint8 [R, R, 3] each → uint8 [h, w, 3].
    Raises: ValueError for no tile, or tiles that differ in shape.
    """
    shapes = {tile.shape for tile in tiles}
    if len(shapes) != 1:
        raise ValueError(f"expected tiles of one shape, got {sorted(shapes)}")
    side = tiles[0].shape[0]
    rows = -(-len(tiles) // columns)
    step = side + GAP
    picture = np.full((rows * step - GAP, columns * step - GAP, 3), 255, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = step * (place // columns), step * (place % columns)
        picture[top : top + side, left : left + side] = tile
    return picture


def panels_to_figure(panels: Sequence[Panel], columns: int) -> Any:
    """Panels in rows of `columns`; each picture pixel is one pixel of the PNG."""
    drawn = [strip.picture.shape for panel in panels for strip in panel.strips if strip.picture is not None]
    empty = (ABSENT, max((shape[1] for shape in drawn), default=4 * TILE))
    label = LABEL if any(strip.label for panel in panels for strip in panel.strips) else 0
    width_of = label + max([empty[1], *(shape[1] for shape in drawn)])
    heights = [sum(size_of(strip, empty)[0] + GAP for strip in panel.strips) + TITLE for panel in panels]
    rows = [heights[start : start + columns] for start in range(0, len(panels), columns)]
    used = min(columns, len(panels))
    width = 2 * MARGIN + used * width_of + (used - 1) * BETWEEN
    height = HEAD + FOOT + sum(max(row) for row in rows)
    figure = style.figure(width / style.DOTS_PER_INCH, height / style.DOTS_PER_INCH)
    top = height - HEAD
    for start, row in zip(range(0, len(panels), columns), rows, strict=True):
        for place, panel in enumerate(panels[start : start + columns]):
            draw_panel(figure, panel, MARGIN + place * (width_of + BETWEEN), top, label, empty)
        top -= max(row)
    return figure


def size_of(strip: Strip, empty: tuple[int, int]) -> tuple[int, int]:
    """Height and width of a strip in pixels."""
    return empty if strip.picture is None else strip.picture.shape[:2]


def draw_panel(figure: Any, panel: Panel, left: int, top: int, label: int, empty: tuple[int, int]) -> None:
    """One panel with its upper left corner at (left, top), in pixels from the figure's lower left corner."""
    width, height = (side * style.DOTS_PER_INCH for side in figure.get_size_inches())
    figure.text(left / width, (top - TITLE / 2) / height, panel.title, ha="left", va="center", weight="bold")
    up = top - TITLE
    for strip in panel.strips:
        tall, wide = size_of(strip, empty)
        up -= tall
        middle = (up + tall / 2) / height
        figure.text(left / width, middle, strip.label, ha="left", va="center")
        start = left + label
        if strip.picture is None:
            figure.text((start + wide / 2) / width, middle, NOT_RUN, ha="center", va="center", color=style.SOFT)
        else:
            axes = figure.add_axes((start / width, up / height, wide / width, tall / height))
            axes.set_axis_off()
            axes.imshow(strip.picture, interpolation="none", aspect="auto")
        up -= GAP


def enlarged(tile: np.ndarray) -> np.ndarray:
    """A tile near 128 px, every pixel a square."""
    return enlarge(tile, factor_for(tile.shape[0]))
