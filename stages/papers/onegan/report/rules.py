"""How a claim is decided: place by place, over the seeds that were run; an ordering needs three of them."""

from collections.abc import Callable, Iterable, Sequence
from statistics import fmean, stdev

from stages.draw.ruled import Judged, Ruled, seeds_text
from stages.draw.verdict import (
    FAILS,
    HOLDS,
    NOT_DECIDED,
    NOT_RUN,
    SEEDS_OF_AN_ORDERING,
    Part,
    Verdict,
    word_of_halves,
)
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


def spread(values: Sequence[float]) -> str:
    """The standard deviation over seeds; empty for one seed."""
    return f"{stdev(values):.6g}" if len(values) > 1 else ""


def together(claim: str, rule: str, profile: str, places: Iterable[Judged], exact: bool = False) -> Ruled:
    """The verdict over all places that ran: fails where one does, holds where all do; sets left out are only told.

    `exact` rules are arithmetic, and have no seeds.
    """
    every = list(places)
    ran = [place for place in every if place.word != NOT_RUN]
    word = word_of_halves([place.word for place in ran]) if ran else NOT_RUN
    why = "; ".join(dict.fromkeys(f"{place.part.where}: {place.why}" for place in ran or every if place.why))
    if len({place.why for place in ran or every}) == 1:
        why = (ran or every)[0].why
    seeds = 0 if exact else min((place.seeds for place in ran if place.seeds), default=1)
    said = why if word in (NOT_DECIDED, NOT_RUN) else ""
    return Ruled(Verdict(claim, word, profile, tuple(place.part for place in every), seeds, said), rule)


def no_baseline(claim: str, rule: str, profile: str) -> Ruled:
    """A claim about a method that is not built here."""
    return Ruled(Verdict(claim, NOT_RUN, profile, why="no baseline"), rule)
