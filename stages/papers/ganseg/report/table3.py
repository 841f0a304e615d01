"""Table 3: how many points a part has, ours beside the printed values.

Source: supp §F.3, Table 3.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from stages.block import Block as Base
from stages.draw.runs import check_profile, open_runs
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.ganseg.report.ablation import Table, table_to_csv, table_to_latex, table_to_markdown
from stages.papers.ganseg.report.verdicts import HEAD, no_number_of_points_is_best

LINES = {"n3": "3", "n4": "4", "n6": "6", "n8": "8"}


class Block(Base):
    """The profile that the table is about."""

    profile: Literal["smoke", "demo", "lite", "paper"]


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, from `score_<row>_<dataset>` folders and the `reported` values.

    Raises: ValueError where a score is missing or foreign to its column.
    """
    table = open_table(block.profile, inputs)
    said = "n = 1, 2 and the collapse of 3 are in ganseg_collapse_report. Line 4 is Table 2's `original`: one run.\n\n"
    verdicts = rows_to_markdown(HEAD, [no_number_of_points_is_best(table).row()])
    sections = [("What the prose says of this table", said + verdicts)]
    return {"csv": table_to_csv(table), "md": table_to_markdown(table, sections), "tex": table_to_latex(table)}


def open_table(profile: str, inputs: Mapping[str, Path]) -> Table:
    """The scores of four lines on four datasets."""
    runs = {place: run for place, run in open_runs(inputs, "score").items() if place[0] in LINES}
    check_profile(runs, profile)
    title = "Table 3. Ablation of the number of points per part"
    return Table(title, profile, LINES, runs, read_reported(inputs["reported"], "table3"))
