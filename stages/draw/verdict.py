"""What a paper's rule decides about a claim: one vocabulary for all papers, what a verdict is worth, its lines as csv.

holds and fails are what the rule says of our numbers; not decided where there are numbers and no rule, too few seeds,
or a half of them; not run where a profile leaves out every run that the rule asks for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from stages.draw.table import lines_to_csv

HOLDS, FAILS, NOT_DECIDED, NOT_RUN = "holds", "fails", "not decided", "not run"
WORDS = (HOLDS, FAILS, NOT_DECIDED, NOT_RUN)
SEEDS_OF_AN_ORDERING = 3
# A comparison's sign, as it is printed.
SHOWN = {"<=": "≤", "<": "<", ">": ">", "=": "="}
COLUMNS = (
    "claim", "verdict", "worth", "why", "where", "measure", "ours", "spread", "sign", "against", "against_spread",
    "comparison", "met", "seeds", "printed", "profile",
)  # fmt: skip


@dataclass(frozen=True)
class Part:
    """One thing that a rule asks for: where, in words, for how many seeds it is so; numbers where it has two sides."""

    where: str
    comparison: str
    met: int | None
    measure: str = ""
    ours: str = ""
    spread: str = ""
    sign: str = ""
    against: str = ""
    against_spread: str = ""
    printed: str = ""


@dataclass(frozen=True)
class Verdict:
    """A claim's word with its reason and parts; `seeds` is 0 where the rule is arithmetic and nothing is measured."""

    claim: str
    word: str
    profile: str
    parts: tuple[Part, ...] = ()
    seeds: int = 1
    why: str = ""

    def __post_init__(self) -> None:
        if self.word not in WORDS:
            raise ValueError(f"{self.claim}: expected a verdict of {', '.join(WORDS)}, came {self.word!r}")

    @property
    def worth(self) -> str:
        """What the word says about the paper, which a small profile or a single seed cannot judge."""
        return worth(self.profile, self.seeds)

    def marked(self) -> str:
        """The word with its reason and its profile's stamp, for the cell of a table."""
        said = f"{self.word}: {self.why}" if self.why else self.word
        return said if self.profile == "paper" or not self.seeds else f"{said} ({self.profile}: no evidence)"

    def lines(self) -> list[dict[str, str]]:
        """A line for each part, at least one; what is about the whole claim stands in all of them."""
        whole = {"claim": self.claim, "verdict": self.word, "worth": self.worth, "why": self.why,
                 "seeds": str(self.seeds or ""), "profile": self.profile}  # fmt: skip
        parts = self.parts or (Part("", "", None),)
        return [whole | asdict(part) | {"met": "" if part.met is None else str(part.met)} for part in parts]

    def entry(self) -> dict[str, Any]:
        """The verdict as a JSON of verdicts holds it."""
        why = {"why": self.why} if self.why else {}
        return {"verdict": self.word, "worth": self.worth, "seeds": self.seeds} | why


def worth(profile: str, seeds: int) -> str:
    """Evidence is what the paper's scale shows with the seeds that an ordering needs, or what is exact."""
    if seeds == 0:
        return "exact: nothing is measured"
    if profile != "paper":
        return f"not evidence ({profile} profile)"
    return (
        "evidence" if seeds >= SEEDS_OF_AN_ORDERING else f"{seeds} of the {SEEDS_OF_AN_ORDERING} seeds of an ordering"
    )


def word_of(held: Iterable[bool]) -> str:
    """Holds where every part that ran does, fails where one does not, not run where none ran."""
    every = list(held)
    return NOT_RUN if not every else HOLDS if all(every) else FAILS


def word_of_halves(words: Sequence[str]) -> str:
    """Of a claim in halves: fails where one does, holds where all do, not run where none ran, else not decided."""
    if FAILS in words:
        return FAILS
    return words[0] if len(set(words)) == 1 else NOT_DECIDED


def verdicts_to_csv(
    verdicts: Iterable[Verdict], further: Mapping[str, Mapping[str, str]] | None = None, columns: Sequence[str] = ()
) -> str:
    """The lines of all verdicts; `further` values by claim stand in `columns` behind the house's own."""
    lines = [line | dict((further or {}).get(one.claim, {})) for one in verdicts for line in one.lines()]
    return lines_to_csv((*COLUMNS, *columns), lines)
