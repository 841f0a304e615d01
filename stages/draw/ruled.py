"""A verdict beside the rule that decides it, and each thing that a rule asks for: the same for every paper."""

from dataclasses import dataclass

from stages.draw.verdict import Part, Verdict, verdicts_to_csv

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
