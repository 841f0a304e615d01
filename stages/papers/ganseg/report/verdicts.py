"""What the paper's prose claims of Tables 2 to 4, checked by the rules of claims.yaml over the columns that ran."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from stages.draw.verdict import NOT_DECIDED, SEEDS_OF_AN_ORDERING, Part, Verdict, verdicts_to_csv, word_of
from stages.papers.ganseg.report.ablation import Table
from stages.papers.ganseg.report.names import COLUMNS, DATASETS, Column


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


def rules_to_csv(*found: Ruled) -> str:
    """The verdicts that one table decides, with their rules."""
    return verdicts_to_csv(
        (one.verdict for one in found), {one.verdict.claim: {"rule": one.rule} for one in found}, ("rule",)
    )


def gain(ours: float, other: float, column: Column) -> float:
    """By which share of the other number ours is better; negative where it is worse."""
    off = (ours - other) / abs(other)
    return -off if column.lower_is_better else off


def reproduced(ours: float, printed: float, near: float, far: float, column: Column) -> str:
    """Within `near` of the printed value relatively: reproduced; better by more: better; worse within `far`: partly."""
    found = gain(ours, printed, column)
    if found > near:
        return "better"
    return "reproduced" if found >= -near else "partly" if found >= -far else "not reproduced"


def original_is_reproduced(table: Table, near: float, far: float) -> Ruled:
    """C2: how far the line `original` is from the printed one; it holds where no column that ran is worse by more."""
    said = []
    for column in COLUMNS:
        ours = table.ours("original", column)
        if ours is not None:
            printed = float(table.printed["original", column.dataset, column.metric])
            said.append((column.head, reproduced(ours, printed, near, far, column)))
    rule = (
        f"every column within {near:.0%} of the printed value (reproduced) or better; worse within {far:.0%} is partly"
    )
    held = [(name, word, word in ("reproduced", "better")) for name, word in said]
    return ruled("C2", rule, table.profile, held, len(COLUMNS))


def fixed_is_worse(tables: Mapping[int, Table], severe: float) -> Ruled:
    """C3, of Table 2 by seed: a fixed sigma is worse in every column and seed, and in the median of them severely.

    An ordering needs three seeds of both lines; with fewer the numbers are shown and nothing is decided.
    """
    profile, held, losses = tables[0].profile, [], []
    runs = 0
    for column in COLUMNS:
        found = []
        for table in tables.values():
            fixed, original = table.ours("fixed", column), table.ours("original", column)
            if fixed is not None and original is not None:
                found.append(-gain(fixed, original, column))
        if found:
            said = ", ".join(f"{loss:+.1%}" for loss in found)
            held.append((column.head, f"loses {said}", min(found) > 0))
            runs = min(runs or len(found), len(found))
            losses += found
    rule = f"fixed σ is worse in every column and seed, and in the median of them by at least {severe:.0%} of original"
    if not held:
        return ruled("C3", rule, profile, [], len(COLUMNS))
    held.append(("median", f"loses {median(losses):+.1%}", median(losses) >= severe))
    decided = ruled("C3", rule, profile, held, len(COLUMNS), runs)
    decided = replace(decided, columns=f"{len(held) - 1} of {len(COLUMNS)}")
    if runs >= SEEDS_OF_AN_ORDERING:
        return decided
    why = f"{runs} of the {SEEDS_OF_AN_ORDERING} seeds of an ordering ran; by seed 0 alone it {decided.verdict.word}"
    return replace(decided, verdict=replace(decided.verdict, word=NOT_DECIDED, why=why))


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


def most_parts_lose_the_object(table: Table, severe: float) -> Ruled:
    """C5: K = 32 has the worst IoU on CUB, Flowers and Taichi among the lines that ran, far below the best of them."""
    held = []
    overlaps = [column for column in COLUMNS if column.metric == "iou"]
    for column in overlaps:
        numbers = {row: ours for row in table.lines if (ours := table.ours(row, column)) is not None}
        if "k32" in numbers and len(numbers) > 1:
            best, last = max(numbers.values()), numbers.pop("k32")
            lost = -gain(last, best, column) if best else 0.0
            held.append((column.head, f"loses {lost:.0%}", last < min(numbers.values()) and lost >= severe))
    rule = f"K = 32 has the worst IoU among the lines that ran, and at least {severe:.0%} less than the best of them"
    return ruled("C5", rule, table.profile, held, len(overlaps))


def parts_fall_idle(table: Table) -> Ruled:
    """C11: with K = 16 a smaller share of the parts is used than with each of K = 4, 8, 12 that ran, on every set."""
    held = []
    for dataset, name in DATASETS.items():
        used = {row: value["value"] for row in ("k4", "k8", "k12", "k16")
                if (value := table.run(row, dataset).value("parts_used")) is not None}  # fmt: skip
        if "k16" in used and len(used) > 1:
            said = ", ".join(f"{share:.0%} of {row[1:]}" for row, share in used.items())
            held.append((name, said, used["k16"] < min(share for row, share in used.items() if row != "k16")))
    rule = "with K = 16 a smaller share of the parts holds 1 % of the foreground than with K = 4, 8 and 12"
    return ruled("C11", rule, table.profile, held, len(DATASETS))
