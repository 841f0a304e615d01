"""What the paper's prose claims of Tables 2 to 4, checked by the rules of claims.yaml over the columns that ran."""

from dataclasses import dataclass
from typing import Any

from stages.papers.ganseg.report.ablation import Table
from stages.papers.ganseg.report.names import COLUMNS

WORST_MANY = ("cub_masks", "flowers", "taichi")


@dataclass(frozen=True)
class Verdict:
    """One claim: what was measured, how it came out, and in how many of its columns.

    `verdict` is yes, no or not run; outside the paper profile it is no evidence, which `marked` says.
    """

    claim: str
    rule: str
    measured: str
    verdict: str
    profile: str
    columns: str

    def marked(self) -> str:
        """The verdict with its profile."""
        return self.verdict if self.profile == "paper" else f"{self.verdict} ({self.profile}: no evidence)"

    def row(self) -> list[str]:
        """A line of the Markdown table."""
        return [self.claim, self.rule, self.measured, self.columns, self.marked()]


HEAD = ["claim", "rule", "measured", "columns that ran", "holds"]


def judged(claim: str, rule: str, profile: str, held: list[tuple[str, bool]], total: int) -> Verdict:
    """Yes where every column that ran meets the rule, no where one does not, not run where none ran."""
    verdict = "not run" if not held else "yes" if all(met for _, met in held) else "no"
    measured = ", ".join(f"{name}: {'meets it' if met else 'does not'}" for name, met in held) or "nothing"
    return Verdict(claim, rule, measured, verdict, profile, f"{len(held)} of {total}")


def reproduced(ours: float, printed: float, near: float, far: float) -> str:
    """Within `near` of the printed value relatively: reproduced; within `far`: partly; else not reproduced."""
    off = abs(ours - printed) / abs(printed)
    return "reproduced" if off <= near else "partly" if off <= far else "not reproduced"


def original_is_reproduced(table: Table, near: float, far: float) -> Verdict:
    """C2: how far the line `original` is from the printed one, over the columns that ran."""
    said = []
    for column in COLUMNS:
        ours = table.ours("original", column)
        if ours is not None:
            printed = float(table.printed["original", column.dataset, column.metric])
            said.append((column.head, reproduced(ours, printed, near, far)))
    rule = f"within {near:.0%} of the printed value: reproduced; within {far:.0%}: partly; else not reproduced"
    words = {word for _, word in said}
    order = ("not reproduced", "partly", "reproduced")
    verdict = next((word for word in order if word in words), "not run")
    measured = ", ".join(f"{name}: {word}" for name, word in said) or "nothing"
    return Verdict("C2", rule, measured, verdict, table.profile, f"{len(said)} of {len(COLUMNS)}")


def fixed_is_worse(table: Table) -> Verdict:
    """C3: a fixed sigma is worse than the estimated one in every column."""
    held = []
    for column in COLUMNS:
        fixed, original = table.ours("fixed", column), table.ours("original", column)
        if fixed is not None and original is not None:
            held.append((column.head, fixed > original if column.lower_is_better else fixed < original))
    return judged("C3", "fixed σ is worse than original", table.profile, held, len(COLUMNS))


def no_number_of_points_is_best(table: Table) -> Verdict:
    """C4, of Table 3: the best n differs between columns."""
    best = {column.head: table.best(column) for column in COLUMNS}
    held = {name: row for name, row in best.items() if row is not None}
    verdict = "not run" if len(held) < 2 else "yes" if len(set(held.values())) > 1 else "no"
    measured = ", ".join(f"{name}: {table.lines[row]}" for name, row in held.items()) or "nothing"
    rule = "the best number of points differs between columns"
    return Verdict("C4", rule, measured, verdict, table.profile, f"{len(held)} of {len(COLUMNS)}")


def extremes_are_worst(table: Table) -> Verdict:
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


def as_entry(verdict: Verdict) -> dict[str, Any]:
    """The verdict as claims.json holds it."""
    return {
        "rule": verdict.rule,
        "measured": verdict.measured,
        "columns": verdict.columns,
        "verdict": verdict.verdict,
        "evidence": verdict.profile == "paper",
    }
