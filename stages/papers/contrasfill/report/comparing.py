"""Measured quantities by place, and comparisons between them that hold or fail seed by seed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from stages.draw.table import Cell
from stages.papers.contrasfill.report.names import printed_for

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<=": lambda left, right: left <= right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "=": lambda left, right: left == right,
}


@dataclass(frozen=True)
class Side:
    """One side of a comparison: what it is called, and its value for every seed."""

    words: str
    by_seed: Mapping[int, float]

    def times(self, factor: float) -> "Side":
        """The same, multiplied."""
        return Side(f"{factor:g} × {self.words}", {seed: factor * value for seed, value in self.by_seed.items()})


@dataclass(frozen=True)
class Comparison:
    """`left sign right`, of one quantity in one place; `measured` is false where both sides are exact."""

    where: str
    what: str
    left: Side
    sign: str
    right: Side
    measured: bool = True

    def holds(self, seed: int) -> bool:
        """Whether it is true of one seed's numbers."""
        return SIGNS[self.sign](self.left.by_seed[seed], self.right.by_seed[seed])

    def held(self) -> int:
        """For how many seeds it holds."""
        return sum(self.holds(seed) for seed in self.seeds)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds it speaks of."""
        return tuple(sorted(self.left.by_seed))


def is_called(metric: str, name: str) -> bool:
    """Whether a measure is the one that is asked for, by its own name or by the printed one that it stands for."""
    for ending in ("_hole_median", "_hole"):
        if metric.endswith(ending) and name.endswith(ending):
            return is_called(metric.removesuffix(ending), name.removesuffix(ending))
    return name in (metric, printed_for(metric))


class Measured:
    """Cells of several groups of scores, found by method, dataset and measure.

    A measure is named as it stands in the score, or by the printed one in whose place it stands: FID, LPIPS, KFFA,
    LPIPS_hole, LPIPS_hole_median.

    Raises: KeyError for a group that was not given; ValueError for a quantity that its scores do not hold exactly once.
    """

    def __init__(self, groups: Mapping[str, Iterable[Cell]]) -> None:
        self.groups = {name: list(cells) for name, cells in groups.items()}

    def cell(self, group: str, method: str, dataset: str, name: str) -> Cell:
        """The one cell in a place."""
        found = [
            cell
            for cell in self.groups[group]
            if (cell.method, cell.dataset) == (method, dataset) and is_called(cell.metric, name)
        ]
        if len(found) != 1:
            raise ValueError(
                f"scores of {group}: expected one {name} of {method} on {dataset}, came {[c.metric for c in found]}"
            )
        return found[0]

    def side(self, words: str, group: str, method: str, dataset: str, name: str) -> Side:
        """A quantity as one side of a comparison."""
        return Side(words, dict(self.cell(group, method, dataset, name).by_seed))


def least(words: str, sides: Iterable[Side]) -> Side:
    """The smallest of several, seed by seed."""
    return _best(min, words, list(sides))


def greatest(words: str, sides: Iterable[Side]) -> Side:
    """The largest of several, seed by seed."""
    return _best(max, words, list(sides))


def _best(choose: Callable[[Iterable[float]], float], words: str, sides: list[Side]) -> Side:
    return Side(words, {seed: choose([side.by_seed[seed] for side in sides]) for seed in sides[0].by_seed})
