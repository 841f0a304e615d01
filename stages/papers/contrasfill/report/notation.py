"""The example of 4 x 4 codes behind figures 2 to 6, drawn from the set functions that the loss itself uses.

Source: supp §3.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import Field, model_validator

from stages.block import Block as Base
from stages.draw import style
from stages.draw.board import FOOT, Board, Point
from stages.draw.board import board as empty_board
from stages.draw.drawn import Drawn
from stages.papers.contrasfill import combinations
from stages.papers.contrasfill.combinations import Cell, Pair

# supp §3: warm colours are known codes, cold ones unknown, in the order of the text.
KNOWN = (("red", "#d7301f"), ("yellow", "#f7d13d"), ("pink", "#f4a6c0"), ("orange", "#f08a24"))
UNKNOWN = (("blue", "#2b5fb3"), ("green", "#3d9a50"), ("purple", "#7b4fa3"), ("cyan", "#4cc3d9"))
SIDE = 0.34  # inches, a tile
MARGIN = 0.25
HARD = style.ACCENT
FADED = 0.25


class Block(Base):
    """The example's size, the cells that the figures speak of, and the subsample's pattern."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    codes: int = Field(ge=2, le=min(len(KNOWN), len(UNKNOWN)))
    anchor: tuple[int, int]
    partner: tuple[int, int]
    space: Literal["known", "unknown"]
    subsample: Literal["cycle", "blocks"]
    pairs_shown: int = Field(ge=2)

    @model_validator(mode="after")
    def _pair_is_positive(self) -> "Block":
        if self.partner not in combinations.positives(self.cells, self.anchor, self.space):
            raise ValueError(f"partner {self.partner} is no positive of {self.anchor} in the {self.space} space")
        return self

    @property
    def cells(self) -> list[Cell]:
        """All combinations of the example."""
        return combinations.full_grid(self.codes, self.codes)

    @property
    def chosen(self) -> list[Cell]:
        """The combinations of the subsample."""
        return combinations.subsample(self.codes, self.codes, self.subsample)


def named(cell: Cell) -> str:
    """`red + blue`."""
    return f"{KNOWN[cell[0]][0]} + {UNKNOWN[cell[1]][0]}"


def drawn(block: Block, held: Board, caption: str) -> Drawn:
    """The finished figure: it holds no data and is the same in every profile."""
    return Drawn(held.figure, block.profile + style.DATA_FREE, caption)


def sheet(width: float, height: float) -> Board:
    """An empty sheet of the inner size given, with margins and room for the footer."""
    return empty_board(width + 2 * MARGIN, height + MARGIN + FOOT)


def tile(held: Board, centre: Point, cell: Cell, *, alpha: float = 1.0, frame: str = "", side: float = SIDE) -> None:
    """One image: its known code's colour above, its unknown code's below."""
    x, y = centre
    for half, (_, colour) in ((1, KNOWN[cell[0]]), (-1, UNKNOWN[cell[1]])):
        held.box((x, y + half * side / 4), (side, side / 2), facecolor=colour, edgecolor="none", alpha=alpha)
    look = {"edgecolor": frame or style.INK, "linewidth": 2.4 if frame else 0.6, "alpha": 1.0 if frame else alpha}
    held.box(centre, (side, side), facecolor="none", **look)


def code(held: Board, centre: Point, name: str, colour: str, side: str) -> None:
    """One code, a disc with its colour's name at its left or right."""
    held.disc(centre, 0.11, facecolor=colour, edgecolor=style.INK, linewidth=0.6)
    shift = -0.2 if side == "left" else 0.2
    look = {"ha": "right" if side == "left" else "left", "fontsize": style.LABEL_POINTS}
    held.text((centre[0] + shift, centre[1]), name, **look)


def grid_centre(corner: Point, pitch: float, cell: Cell) -> Point:
    """Where an image of the grid stands: known codes go down, unknown codes to the right of the upper left `corner`."""
    return corner[0] + cell[1] * pitch, corner[1] - cell[0] * pitch


def grid_with_codes(held: Board, block: Block, corner: Point, pitch: float, **looks: dict) -> None:
    """All combinations, known codes at the left of their lines, unknown codes above their columns.

    `looks` holds keyword arguments of `tile` by `cell_<known>_<unknown>`; other tiles are drawn plain.
    """
    for index in range(block.codes):
        name, colour = KNOWN[index]
        code(held, (corner[0] - 0.6, corner[1] - index * pitch), name, colour, "left")
        name, colour = UNKNOWN[index]
        above = (corner[0] + index * pitch, corner[1] + 0.5)
        held.disc(above, 0.11, facecolor=colour, edgecolor=style.INK, linewidth=0.6)
        held.text((above[0], above[1] + 0.24), name, fontsize=style.LABEL_POINTS)
    for cell in block.cells:
        tile(held, grid_centre(corner, pitch, cell), cell, **looks.get(f"cell_{cell[0]}_{cell[1]}", {}))


PAIR_WIDTH = 1.16


def pair(held: Board, centre: Point, both: Pair, highlighted: bool = False) -> None:
    """Two tiles in parentheses, which are coloured and bold where the pair is hard."""
    x, y = centre
    look = {"fontsize": 21, "color": HARD if highlighted else style.INK, "weight": "bold" if highlighted else "normal"}
    if highlighted:
        held.box((x, y), (PAIR_WIDTH, SIDE + 0.18), facecolor="#f6e0d6", edgecolor="none", rounded=0.06)
    held.text((x - 0.49, y - 0.035), "(", **look)
    held.text((x + 0.49, y - 0.035), ")", **look)
    held.text((x, y - 0.1), ",", fontsize=12, color=style.INK)
    tile(held, (x - 0.24, y), both[0])
    tile(held, (x + 0.24, y), both[1])


def pairs_in_lines(held: Board, corner: Point, listed: Sequence[Pair], across: int, hard: Iterable[Pair] = ()) -> None:
    """Pairs line by line from the upper left corner; those of `hard` are highlighted."""
    hard = set(hard)
    for place, both in enumerate(listed):
        x = corner[0] + PAIR_WIDTH / 2 + (place % across) * (PAIR_WIDTH + 0.12)
        y = corner[1] - SIDE / 2 - (place // across) * (SIDE + 0.3)
        pair(held, (x, y), both, both in hard)


def lines_size(count: int, across: int) -> Point:
    """How much room `pairs_in_lines` takes, in inches."""
    lines = -(-count // across)
    return min(count, across) * (PAIR_WIDTH + 0.12) - 0.12, lines * (SIDE + 0.3) - 0.3
