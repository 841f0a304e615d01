"""Code combinations and their sets: which pairs of images are positive, negative and hard negative in each space.

An image is a cell (known, unknown): the indices of its two codes. The loss and figures 2 to 6 use these same functions.
In the known space: P = same known code, N = other known code, H = other known code with the same unknown code; in the
unknown space the roles are swapped.

Source: supp §3 (figures 2 to 6); subsample pattern: gap G5.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

Cell = tuple[int, int]
Pair = tuple[Cell, Cell]
SPACES = ("known", "unknown")


def _axis(space: str) -> int:
    if space not in SPACES:
        raise ValueError(f"space: expected known or unknown, came {space!r}")
    return SPACES.index(space)


def full_grid(known: int, unknown: int) -> list[Cell]:
    """All combinations, known code by known code."""
    return [(k, u) for k in range(known) for u in range(unknown)]


def subsample(known: int, unknown: int, pattern: str) -> list[Cell]:
    """2n of the n x n combinations such that every code is in exactly two of them.

    So each image has one positive and one hard negative in both spaces: the cells are the edges of a 2-regular
    bipartite graph between known and unknown codes.  cycle: (i, i) and (i, i+1 mod n), one cycle through all codes.
    blocks: (2j, 2j), (2j, 2j+1), (2j+1, 2j), (2j+1, 2j+1), n/2 cycles of four.

    Raises: ValueError if the numbers differ, n < 2, n is odd for blocks, or the pattern is unknown.
    """
    if known != unknown or known < 2:
        raise ValueError(f"subsample: expected equally many codes in both spaces, 2 or more, came {known}, {unknown}")
    if pattern == "cycle":
        return [cell for i in range(known) for cell in ((i, i), (i, (i + 1) % known))]
    if pattern == "blocks":
        if known % 2:
            raise ValueError(f"subsample: blocks need an even number of codes, came {known}")
        return [(i, j) for i in range(known) for j in (i - i % 2, i - i % 2 + 1)]
    raise ValueError(f"subsample pattern: expected cycle or blocks, came {pattern!r}")


def random_cells(known: int, unknown: int, count: int, generator: np.random.Generator) -> list[Cell]:
    """`count` distinct combinations at random, drawn again until each has a positive and a negative in both spaces.

    Source: spec §4.6 (the ablation without a hard negative for each image).
    Raises: ValueError if no such draw is found.
    """
    cells = full_grid(known, unknown)
    for _ in range(10_000):
        chosen = np.array([cells[i] for i in sorted(generator.choice(len(cells), count, replace=False))])
        counts = [np.unique(column, return_counts=True)[1] for column in chosen.T]
        if all(len(times) > 1 and times.min() > 1 for times in counts):
            return [(int(k), int(u)) for k, u in chosen]
    raise ValueError(f"no {count} of {known} x {unknown} combinations found in which every image has a positive")


def repeated(codes: int, times: int) -> list[Cell]:
    """One space only: `times` images for each unknown code, each with a known index of its own, so no negative is hard.

    Source: supp §3, last paragraph (ContrasFill-1).
    Raises: ValueError for fewer than two codes or images per code.
    """
    if codes < 2 or times < 2:
        raise ValueError(f"expected at least 2 codes and 2 images per code, came {codes} and {times}")
    return [(u * times + i, u) for u in range(codes) for i in range(times)]


def pairs(cells: Sequence[Cell]) -> list[Pair]:
    """All unordered pairs of different images (main Eq 1)."""
    return list(combinations(cells, 2))


def positives(cells: Sequence[Cell], cell: Cell, space: str) -> list[Cell]:
    """Partners of `cell` in P_{k,u}: the other images with its code of this space."""
    axis = _axis(space)
    return [other for other in cells if other != cell and other[axis] == cell[axis]]


def negatives(cells: Sequence[Cell], cell: Cell, space: str) -> list[Cell]:
    """Partners of `cell` in N_{k,u}: the images with another code of this space."""
    axis = _axis(space)
    return [other for other in cells if other[axis] != cell[axis]]


def hard_negatives(cells: Sequence[Cell], cell: Cell, space: str) -> list[Cell]:
    """Partners of `cell` in H_{k,u}: its negatives that share its code of the other space."""
    axis = 1 - _axis(space)
    return [other for other in negatives(cells, cell, space) if other[axis] == cell[axis]]


def positive_pairs(cells: Sequence[Cell], space: str) -> list[Pair]:
    """P_K or P_U: all unordered pairs that share their code of this space."""
    axis = _axis(space)
    return [(a, b) for a, b in pairs(cells) if a[axis] == b[axis]]


def negative_pairs(cells: Sequence[Cell], space: str) -> list[Pair]:
    """All unordered pairs that differ in their code of this space."""
    axis = _axis(space)
    return [(a, b) for a, b in pairs(cells) if a[axis] != b[axis]]


def hard_negative_pairs(cells: Sequence[Cell], space: str) -> list[Pair]:
    """The negative pairs that share their code of the other space: exactly the positive pairs of the other space."""
    axis = _axis(space)
    return [(a, b) for a, b in negative_pairs(cells, space) if a[1 - axis] == b[1 - axis]]


def masks(cells: Sequence[Cell], space: str) -> dict[str, np.ndarray]:
    """The sets as matrices, row = anchor: positive, negative and hard, bool [B B] each, in the order of `cells`.

    Raises: ValueError if a cell occurs twice.
    """
    if len(set(cells)) != len(cells):
        raise ValueError("cells: a combination occurs twice")
    own, other = (np.array(cells)[:, axis] for axis in (_axis(space), 1 - _axis(space)))
    same, shared = own[:, None] == own, other[:, None] == other
    return {"positive": same & ~np.eye(len(cells), dtype=bool), "negative": ~same, "hard": ~same & shared}
