"""Sheets of pictures: groups of labelled rows of equal tiles under one line of headings."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.draw import style

HOLE_COLOUR = (206, 211, 217)


@dataclass(frozen=True)
class Row:
    """One line of tiles, uint8 [R, R, 3] each; `label` stands at its left, empty where a line has none."""

    label: str
    tiles: tuple[np.ndarray, ...]


@dataclass(frozen=True)
class Group:
    """Lines that belong together, under one title."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sheet:
    """A whole picture: headings over the columns, groups below one another; a wider gap after each column in `gaps_after`."""

    headings: tuple[str, ...]
    groups: tuple[Group, ...]
    gaps_after: tuple[int, ...]


@dataclass(frozen=True)
class Measures:
    """Sizes in inches."""

    tile: float
    gap: float
    wide: float
    left: float
    head: float
    title: float
    foot: float
    margin: float


MEASURES = Measures(tile=0.74, gap=0.035, wide=0.13, left=0.92, head=0.22, title=0.24, foot=0.26, margin=0.10)


def enlarge(tile: np.ndarray, side_px: int) -> np.ndarray:
    """Blow a small tile up by a whole factor, every pixel a square; a tile that is large enough stays as it is.

    Shapes: uint8 [R, R, 3] → [f R, f R, 3] with the smallest whole f ≥ 1 that reaches side_px.
    """
    factor = max(1, -(-side_px // tile.shape[0]))
    return tile.repeat(factor, axis=0).repeat(factor, axis=1)


def erase(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What a method is given: the picture with its hole in flat grey. Shapes: [R, R, 3], [R, R] → [R, R, 3]."""
    return np.where(mask[..., None] > 0, np.array(HOLE_COLOUR, np.uint8), image)


def mask_to_tile(mask: np.ndarray) -> np.ndarray:
    """A hole in white on black. Shapes: 0/1 [R, R] → uint8 [R, R, 3]."""
    return np.repeat((mask > 0).astype(np.uint8)[..., None] * 255, 3, axis=2)


def sheet_to_figure(sheet: Sheet, measures: Measures = MEASURES) -> Any:
    """Lay a sheet out.

    Raises: ValueError where a row has not one tile for each heading.
    """
    columns = len(sheet.headings)
    for group in sheet.groups:
        for row in group.rows:
            if len(row.tiles) != columns:
                raise ValueError(f"{group.title}, {row.label}: expected {columns} tiles, got {len(row.tiles)}")
    lefts = columns_to_lefts(columns, sheet.gaps_after, measures)
    lines = sum(len(group.rows) for group in sheet.groups)
    width = lefts[-1] + measures.tile + measures.margin
    height = measures.head + measures.foot + len(sheet.groups) * measures.title + lines * (measures.tile + measures.gap)
    figure = style.figure(width, height)
    top = height - measures.head
    for left, heading in zip(lefts, sheet.headings, strict=True):
        figure.text((left + measures.tile / 2) / width, (top - 0.02) / height, heading, ha="center", va="bottom", color=style.SOFT)
    for group in sheet.groups:
        figure.text(
            measures.margin / width, (top - 0.6 * measures.title) / height, group.title,
            ha="left", va="center", weight="bold",
        )  # fmt: skip
        top -= measures.title
        for row in group.rows:
            top -= measures.tile
            figure.text(measures.margin / width, (top + measures.tile / 2) / height, row.label, ha="left", va="center")
            for left, tile in zip(lefts, row.tiles, strict=True):
                place(figure, tile, left / width, top / height, measures.tile / width, measures.tile / height)
            top -= measures.gap
    return figure


def columns_to_lefts(columns: int, gaps_after: tuple[int, ...], measures: Measures) -> list[float]:
    """The left edge of every column, in inches."""
    lefts = [measures.left]
    for column in range(columns - 1):
        lefts.append(lefts[-1] + measures.tile + (measures.wide if column in gaps_after else measures.gap))
    return lefts


def place(figure: Any, tile: np.ndarray, left: float, bottom: float, width: float, height: float) -> None:
    """Put one tile on the figure, in fractions of its size."""
    axes = figure.add_axes((left, bottom, width, height))
    axes.set_axis_off()
    axes.imshow(enlarge(tile, round(MEASURES.tile * style.DOTS_PER_INCH)), interpolation="none", aspect="auto")
