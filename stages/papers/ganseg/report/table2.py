"""Table 2: a constant scale in every part against the scale estimated from points, ours beside the printed values.

The printed caption repeats Table 4's ("Number of Parts"); ours says what the lines are (README, errata).

Source: supp §F.2, Table 2.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.runs import check_profile, open_runs
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.ganseg.report.ablation import Table, table_to_csv, table_to_latex, table_to_markdown
from stages.papers.ganseg.report.names import DATASETS, NOT_RUN
from stages.papers.ganseg.report.verdicts import HEAD, fixed_is_worse, original_is_reproduced, rules_to_csv

CAPTION = (
    'Printed: "Quantitative Ablation Tests on Number of Parts", which is Table 4\'s. The lines are about a fixed σ.\n'
)
LINES = {"fixed": "fixed σ", "original": "original"}


class Block(Base):
    """`near` and `far`: within which share of the printed value a number counts as reproduced, and as partly so.

    `severe`: the share of original's value that a fixed sigma loses where it harms severely.
    """

    profile: Literal["smoke", "demo", "lite", "paper"]
    near: float = Field(gt=0)
    far: float = Field(gt=0)
    severe: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, from `score_<row>_<dataset>` folders and the `reported` values.

    Raises: ValueError where a score is missing or foreign to its column.
    """
    table = open_table(block.profile, inputs)
    verdicts = (
        original_is_reproduced(table, block.near, block.far),
        fixed_is_worse(by_seed(block.profile, inputs), block.severe),
    )
    sections = [
        ("What the prose says of this table", rows_to_markdown(HEAD, [one.row() for one in verdicts])),
        ("The constants", constants(table, inputs)),
        ("Caption", CAPTION),
    ]
    return {
        "csv": table_to_csv(table),
        "md": table_to_markdown(table, sections),
        "tex": table_to_latex(table),
        "claims.csv": rules_to_csv(*verdicts),
    }


def open_table(profile: str, inputs: Mapping[str, Path]) -> Table:
    """The scores of both lines on four datasets."""
    return by_seed(profile, inputs)[0]


def by_seed(profile: str, inputs: Mapping[str, Path]) -> dict[int, Table]:
    """Both lines by seed: `score_<row>_<dataset>` is seed 0, `again<seed>_<row>_<dataset>` the others."""
    others = sorted({int(name[5]) for name in inputs if name.startswith("again")})
    kinds = {0: "score"} | {seed: f"again{seed}" for seed in others}
    return {seed: of_kind(profile, inputs, kind) for seed, kind in kinds.items()}


def of_kind(profile: str, inputs: Mapping[str, Path], kind: str) -> Table:
    """The scores of one seed."""
    runs = {place: run for place, run in open_runs(inputs, kind).items() if place[0] in LINES}
    check_profile(runs, profile)
    title = "Table 2. Ablation of the part scale: one fixed σ against σ estimated from points"
    return Table(title, profile, LINES, runs, read_reported(inputs["reported"], "table2"))


def constants(table: Table, inputs: Mapping[str, Path]) -> str:
    """The constant of every fixed run beside the printed average.

    The printed numbers are read as the denominator of the Gaussian: as standard deviations they would be 0.1 to 0.6 px.
    """
    rows, printed = [], read_reported(inputs["reported"], "prose")
    for dataset, label in DATASETS.items():
        facts = table.run("fixed", dataset).facts
        ours = NOT_RUN if facts is None else f"{facts['fixed_scale']:.4g}"
        rows.append([label, ours, printed["fixed", dataset, "sigma_mean"]])
    said = "Mean of τ over parts and samples of our own main model; the picture spans [-1, 1].\n\n"
    return said + rows_to_markdown(["", "ours", "printed"], rows)
