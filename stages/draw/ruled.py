"""A verdict beside the rule that decides it, and each thing that a rule asks for: the same for every paper."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import stdev

from stages.draw.verdict import NOT_DECIDED, NOT_RUN, Part, Verdict, verdicts_to_csv, word_of_halves

HEAD = ["claim", "rule", "measured", "verdict"]


@dataclass(frozen=True)
class Ruled:
    """A verdict with its rule."""

    verdict: Verdict
    rule: str

    def row(self) -> list[str]:
        """A line of the Markdown table."""
        said = "; ".join(f"{part.where}: {part.comparison}" for part in self.verdict.parts) or "nothing"
        return [self.verdict.claim, self.rule, said, self.verdict.marked()]


@dataclass(frozen=True)
class Judged:
    """One thing that a rule asks for: its word, what came, for how many seeds, and why it is not decided."""

    word: str
    part: Part
    seeds: int
    why: str = ""


def seeds_text(count: int) -> str:
    """`1 seed`, `2 seeds`."""
    return f"{count} seed{'' if count == 1 else 's'}"


def rules_to_csv(*found: Ruled) -> str:
    """The verdicts that one table decides, with their rules."""
    return verdicts_to_csv(
        (one.verdict for one in found), {one.verdict.claim: {"rule": one.rule} for one in found}, ("rule",)
    )


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
