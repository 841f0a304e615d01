"""How a claim is decided: place by place, seed by seed; an ordering needs three seeds of all that it compares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from stages.draw.ruled import Judged, seeds_text, spread
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN, SEEDS_OF_AN_ORDERING, Part
from stages.papers.mscond.report.runs import Score


@dataclass(frozen=True)
class Side:
    """One of the things that are compared: its numbers by seed, or why the profile has none, or why it lacks one."""

    title: str
    numbers: Mapping[int, float]
    left_out: str = ""
    why: str = ""


def side_of(title: str, score: Score, metric: str) -> Side:
    """A run's measure as a side."""
    return Side(title, score.numbers(metric), score.reason, score.why(metric))


def ordering(where: str, sides: Sequence[Side], measure: str, sign: str = "<", printed: str = "") -> Judged:
    """Whether the sides stand in this order, each strictly before the next, in every seed that all of them have.

    Without such a seed: not run where a profile left one of them out, else not decided, with why.
    """
    common = sorted(set.intersection(*(set(side.numbers) for side in sides)))
    if not common:
        return without_numbers(where, sides, measure)
    held = [[side.numbers[seed] for side in sides] for seed in common]
    met = sum(is_ordered(one, sign) for one in held)
    columns = list(zip(*held, strict=True))
    said = f" {sign} ".join(f"{fmean(column):.4g} ({side.title})" for side, column in zip(sides, columns, strict=True))
    part = Part(where, said, met, measure, f"{fmean(columns[0]):.6g}", spread(columns[0]), sign,
                f"{fmean(columns[-1]):.6g}", spread(columns[-1]), printed)  # fmt: skip
    if len(common) < SEEDS_OF_AN_ORDERING:
        return Judged(NOT_DECIDED, part, len(common), f"not testable ({seeds_text(len(common))})")
    return Judged(HOLDS if met == len(common) else FAILS, part, len(common))


def without_numbers(where: str, sides: Sequence[Side], measure: str) -> Judged:
    """What is said where no seed has all sides."""
    if absent := next((side for side in sides if side.left_out), None):
        part = Part(where, f"not run: {absent.title} ({absent.left_out})", None, measure)
        return Judged(NOT_RUN, part, 0, absent.left_out)
    absent = next((side for side in sides if not side.numbers), None)
    why = f"{absent.title}: {absent.why}" if absent else "no seed has all of them"
    return Judged(NOT_DECIDED, Part(where, f"no number: {why}", None, measure), 0, why)


COMPARED: Mapping[str, Callable[[float, float], bool]] = {"<": lambda a, b: a < b, ">": lambda a, b: a > b}


def is_ordered(values: Sequence[float], sign: str) -> bool:
    """Whether each value stands in this relation to the next."""
    return all(COMPARED[sign](a, b) for a, b in pairwise(values))


def inversions(values: Sequence[float]) -> int:
    """How many pairs of neighbours do not fall."""
    return sum(not b < a for a, b in pairwise(values))


def told(where: str, side: Side, measure: str) -> Part:
    """A number that stands beside a rule and decides nothing."""
    if not side.numbers:
        return Part(where, side.left_out or side.why, None, measure)
    values = list(side.numbers.values())
    return Part(where, f"{fmean(values):.4g}", None, measure, f"{fmean(values):.6g}", spread(values))
