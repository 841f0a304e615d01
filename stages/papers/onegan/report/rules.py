"""How a claim is decided: place by place, over the seeds that were run; an ordering needs three of them."""

from collections.abc import Callable, Sequence
from statistics import fmean

from stages.draw.ruled import Judged, Ruled, seeds_text, spread
from stages.draw.verdict import FAILS, HOLDS, NOT_DECIDED, NOT_RUN, SEEDS_OF_AN_ORDERING, Part, Verdict
from stages.papers.onegan.report.runs import Score

Side = tuple[Score, str, str]  # a set's score, method, metric


def sides_by_seed(sides: Sequence[Side]) -> list[list[float]]:
    """The numbers of all sides, for every seed that has them all. Shapes: a list of len(sides) for each seed."""
    numbers = [score.numbers(method, metric) for score, method, metric in sides]
    common = sorted(set.intersection(*(set(one) for one in numbers)))
    return [[one[seed] for one in numbers] for seed in common]


def judge(
    where: str, sides: Sequence[Side], shown: Callable[[list[float]], list[float]],
    met: Callable[[list[float]], bool], said: str, sign: str, ordering: bool = False, digits: str = ".4g",
) -> Judged:  # fmt: skip
    """Whether `met` is so of the two numbers that `shown` makes of all sides, seed by seed.

    An `ordering` needs three seeds. Without numbers: not run where a set was left out, else not decided, with why.
    """
    held = [shown(one) for one in sides_by_seed(sides)]
    if not held:
        score, _, metric = next((one for one in sides if not one[0].numbers(*one[1:])), sides[0])
        why = score.why(metric)
        return Judged(NOT_RUN if score.reason else NOT_DECIDED, Part(where, f"no number: {why}", None), 0, why)
    count = sum(map(met, held))
    ours, against = ([one[side] for one in held] for side in (0, 1))
    part = Part(
        where, f"{said}: {fmean(ours):{digits}} {sign} {fmean(against):{digits}}", count, sides[0][2],
        f"{fmean(ours):.6g}", spread(ours), sign, f"{fmean(against):.6g}", spread(against),
    )  # fmt: skip
    if ordering and len(held) < SEEDS_OF_AN_ORDERING:
        return Judged(NOT_DECIDED, part, len(held), f"not testable ({seeds_text(len(held))})")
    return Judged(HOLDS if count == len(held) else FAILS, part, len(held))


def no_baseline(claim: str, rule: str, profile: str) -> Ruled:
    """A claim about a method that is not built here."""
    return Ruled(Verdict(claim, NOT_RUN, profile, why="no baseline"), rule)
