"""What the paper's prose claims of Tables 2 to 4, checked by the rules of claims.yaml over the columns that ran."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from stages.draw.verdict import NOT_DECIDED, Part, Verdict, verdicts_to_csv, word_of
from stages.papers.ganseg.report.ablation import Table
from stages.papers.ganseg.report.names import COLUMNS

WORST_MANY = ("cub_masks", "flowers", "taichi")


@dataclass(frozen=True)
class Ruled:
    """A verdict with its rule, what was measured, and in how many of its columns."""

    verdict: Verdict
    rule: str
    measured: str
    columns: str

    def row(self) -> list[str]:
        """A line of the Markdown table."""
        return [self.verdict.claim, self.rule, self.measured, self.columns, self.verdict.marked()]

    def entry(self) -> dict[str, Any]:
        """As a JSON of verdicts holds it."""
        return self.verdict.entry() | {"rule": self.rule, "measured": self.measured, "columns": self.columns}


HEAD = ["claim", "rule", "measured", "columns that ran", "verdict"]


def ruled(
    claim: str, rule: str, profile: str, held: Sequence[tuple[str, str, bool]], total: int, seeds: int = 1
) -> Ruled:
    """The verdict over what ran, each as (place, what came, whether it meets the rule); no seeds: arithmetic."""
    parts = tuple(Part(place, said, int(met)) for place, said, met in held)
    verdict = Verdict(claim, word_of(met for _, _, met in held), profile, parts, seeds)
    measured = ", ".join(f"{place}: {said}" for place, said, _ in held) or "nothing"
    return Ruled(verdict, rule, measured, f"{len(held)} of {total}")


def judged(claim: str, rule: str, profile: str, held: Iterable[tuple[str, bool]], total: int) -> Ruled:
    """The verdict of a rule that every column meets or does not."""
    return ruled(claim, rule, profile, [(name, "meets it" if met else "does not", met) for name, met in held], total)


def rules_to_csv(*found: Ruled) -> str:
    """The verdicts that one table decides, with their rules."""
    return verdicts_to_csv(
        (one.verdict for one in found), {one.verdict.claim: {"rule": one.rule} for one in found}, ("rule",)
    )


def reproduced(ours: float, printed: float, near: float, far: float) -> str:
    """Within `near` of the printed value relatively: reproduced; within `far`: partly; else not reproduced."""
    off = abs(ours - printed) / abs(printed)
    return "reproduced" if off <= near else "partly" if off <= far else "not reproduced"


def original_is_reproduced(table: Table, near: float, far: float) -> Ruled:
    """C2: how far the line `original` is from the printed one; it holds where all columns that ran are near."""
    said = []
    for column in COLUMNS:
        ours = table.ours("original", column)
        if ours is not None:
            printed = float(table.printed["original", column.dataset, column.metric])
            said.append((column.head, reproduced(ours, printed, near, far)))
    rule = f"every column within {near:.0%} of the printed value (reproduced); within {far:.0%} is partly"
    held = [(name, word, word == "reproduced") for name, word in said]
    return ruled("C2", rule, table.profile, held, len(COLUMNS))


def fixed_is_worse(table: Table) -> Ruled:
    """C3: a fixed sigma is worse than the estimated one in every column."""
    held = []
    for column in COLUMNS:
        fixed, original = table.ours("fixed", column), table.ours("original", column)
        if fixed is not None and original is not None:
            held.append((column.head, fixed > original if column.lower_is_better else fixed < original))
    return judged("C3", "fixed σ is worse than original", table.profile, held, len(COLUMNS))


def no_number_of_points_is_best(table: Table) -> Ruled:
    """C4, of Table 3: the best n differs between columns; two columns at least must have run."""
    best = {column.head: table.best(column) for column in COLUMNS}
    held = {name: row for name, row in best.items() if row is not None}
    differ = len(set(held.values())) > 1
    rule = "the best number of points differs between columns"
    found = ruled(
        "C4", rule, table.profile, [(name, table.lines[row], differ) for name, row in held.items()], len(COLUMNS)
    )
    alone = replace(found.verdict, word=NOT_DECIDED, why="one column alone has lines to compare")
    return replace(found, verdict=alone) if len(held) == 1 else found


def extremes_are_worst(table: Table) -> Ruled:
    """C5: K = 32 is the worst on CUB, Flowers and Taichi, K = 1 on CelebA, among the lines that ran (two or more)."""
    held: list[tuple[str, bool]] = []
    for column in COLUMNS:
        worst = "k32" if column.dataset in WORST_MANY else "k1"
        numbers: dict[str, float] = {}
        for row in table.lines:
            ours = table.ours(row, column)
            if ours is not None:
                numbers[row] = ours if column.lower_is_better else -ours
        if worst in numbers and len(numbers) > 1:
            held.append((column.head, numbers[worst] > max(v for row, v in numbers.items() if row != worst)))
    rule = "K = 32 worst on CUB, Flowers, Taichi; K = 1 worst on CelebA; among the lines that ran"
    return judged("C5", rule, table.profile, held, len(COLUMNS))
