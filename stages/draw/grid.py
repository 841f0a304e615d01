"""Sheets of pictures: groups of labelled rows of equal tiles under one line of headings, laid out in whole pixels."""

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.draw import style

HOLE_COLOUR = (206, 211, 217)
REASON_LETTERS = 20  # in a line of a tile, at most
LETTER = 8  # pixels of one


@dataclass(frozen=True)
class Row:
    """One line of tiles, uint8 [R, R, 3] each; `label` stands at its left, or is empty.

    None leaves a place empty; a text is why there is no picture, and stands on a grey tile. `notes`, where there are
    any, stand below the tiles: a few letters each, empty for none.
    """

    label: str
    tiles: tuple[np.ndarray | str | None, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Group:
    """Lines that belong together, under one title."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Sheet:
    """A whole picture: headings over columns, groups below one another, wider gaps after the columns `gaps_after`."""

    headings: tuple[str, ...]
    groups: tuple[Group, ...]
    gaps_after: tuple[int, ...]


@dataclass(frozen=True)
class Measures:
    """Sizes in pixels of the PNG, 200 to the inch; `tile` is what a tile comes near to, by whole factors.

    Units: `heading` in points.
    """

    tile: int = 160
    gap: int = 8
    wide: int = 28
    label: int = 200
    head: int = 46
    title: int = 62
    note: int = 26
    foot: int = 48
    margin: int = 24
    heading: float = style.LABEL_POINTS


MEASURES = Measures()


def enlarge(tile: np.ndarray, factor: int) -> np.ndarray:
    """Blow a tile up by a whole factor, every pixel a square. Shapes: uint8 [R, R, 3] → [f R, f R, 3]."""
    return tile.repeat(factor, axis=0).repeat(factor, axis=1)


def erase(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """What a method is given: the picture with its hole in flat grey. Shapes: [R, R, 3], [R, R] → [R, R, 3]."""
    return np.where(mask[..., None] > 0, np.array(HOLE_COLOUR, np.uint8), image)


def mask_to_tile(mask: np.ndarray) -> np.ndarray:
    """A hole in white on black. Shapes: 0/1 [R, R] → uint8 [R, R, 3]."""
    return np.repeat((mask > 0).astype(np.uint8)[..., None] * 255, 3, axis=2)


def sheet_to_figure(sheet: Sheet, measures: Measures = MEASURES) -> Any:
    """Lay a sheet out; a tile's pixel is a whole number of the picture's pixels.

    Raises: ValueError where a row has not one tile, or one note, for each heading, or tiles differ in shape.
    """
    side = check(sheet, measures.tile)
    factor = max(1, round(measures.tile / side))
    tile = factor * side
    labelled = any(row.label for group in sheet.groups for row in group.rows)
    start = measures.margin + (measures.label if labelled else 0)
    lefts = columns_to_lefts(len(sheet.headings), sheet.gaps_after, tile, start, measures)
    rows = [row for group in sheet.groups for row in group.rows]
    below = measures.note * sum(bool(row.notes) for row in rows)
    width = lefts[-1] + tile + measures.margin
    height = measures.head + measures.foot + len(sheet.groups) * measures.title
    height += len(rows) * (tile + measures.gap) + below
    figure = style.figure(width / style.DOTS_PER_INCH, height / style.DOTS_PER_INCH)

    def write(text: str, left: float, up: float, **look: Any) -> None:
        figure.text(left / width, up / height, text, va="center", **({"color": style.INK} | look))

    up = height - measures.head
    for left, heading in zip(lefts, sheet.headings, strict=True):
        write(heading, left + tile / 2, up + 14, ha="center", color=style.SOFT, fontsize=measures.heading)
    for group in sheet.groups:
        write(group.title, measures.margin, up - 0.58 * measures.title, ha="left", weight="bold")
        up -= measures.title
        for row in group.rows:
            up -= tile
            write(row.label, measures.margin, up + tile / 2, ha="left")
            for left, picture in zip(lefts, row.tiles, strict=True):
                if picture is None:
                    continue
                axes = figure.add_axes((left / width, up / height, tile / width, tile / height))
                axes.set_axis_off()
                if isinstance(picture, str):
                    write_reason(axes, picture, min(REASON_LETTERS, tile // LETTER))
                else:
                    axes.imshow(enlarge(picture, factor), interpolation="none", aspect="auto")
            if row.notes:
                up -= measures.note
                for left, note in zip(lefts, row.notes, strict=True):
                    write(note, left + tile / 2, up + measures.note / 2, ha="center", fontsize=style.FOOTER_POINTS)
            up -= measures.gap
    return figure


def write_reason(axes: Any, reason: str, letters: int) -> None:
    """A grey tile that says why it holds no picture, with so many letters in a line."""
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.fill([0, 1, 1, 0], [0, 0, 1, 1], color=[channel / 255 for channel in HOLE_COLOUR])
    words = textwrap.fill(reason, letters)
    axes.text(0.5, 0.5, words, ha="center", va="center", color=style.INK, fontsize=style.FOOTER_POINTS)


def check(sheet: Sheet, side: int) -> int:
    """The tiles' side, after making sure that all agree and every line is full; `side` where none is a picture."""
    sides, reasons = set(), False
    for group in sheet.groups:
        for row in group.rows:
            if len(row.tiles) != len(sheet.headings):
                raise ValueError(
                    f"{group.title} {row.label}: expected {len(sheet.headings)} tiles, got {len(row.tiles)}"
                )
            if row.notes and len(row.notes) != len(sheet.headings):
                raise ValueError(
                    f"{group.title} {row.label}: expected {len(sheet.headings)} notes, got {len(row.notes)}"
                )
            sides.update(tile.shape for tile in row.tiles if isinstance(tile, np.ndarray))
            reasons |= any(isinstance(tile, str) for tile in row.tiles)
    if not sides and reasons:
        return side
    if len(sides) != 1 or len(next(iter(sides))) != 3:
        raise ValueError(f"expected tiles of one shape [R, R, 3], got {sorted(sides)}")
    return next(iter(sides))[0]


def columns_to_lefts(columns: int, gaps_after: tuple[int, ...], tile: int, start: int, measures: Measures) -> list[int]:
    """The left edge of every column, in pixels; the first begins at `start`."""
    lefts = [start]
    for column in range(columns - 1):
        lefts.append(lefts[-1] + tile + (measures.wide if column in gaps_after else measures.gap))
    return lefts
