"""Table 4: how many parts there are, ours beside the printed values.

Source: supp §F.4, Table 4.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.runs import Run, check_profile, open_runs
from stages.draw.table import read_reported, rows_to_markdown
from stages.papers.ganseg.report.ablation import Table, table_to_csv, table_to_latex, table_to_markdown
from stages.papers.ganseg.report.verdicts import HEAD, most_parts_lose_the_object, parts_fall_idle, rules_to_csv

Place = tuple[str, str]  # (line, dataset)
LINES = {row: f"K={row[1:]}" for row in ("k1", "k4", "k8", "k12", "k16", "k32")}


class Block(Base):
    """`severe`: the share of the best line's IoU that K = 32 loses where it no longer finds the object."""

    profile: Literal["smoke", "demo", "lite", "paper"]
    severe: float = Field(gt=0)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, from `score_<row>_<dataset>` folders and the `reported` values.

    Raises: ValueError where a score is missing or foreign to its column.
    """
    table = open_table(block.profile, inputs)
    verdicts = most_parts_lose_the_object(table, block.severe), parts_fall_idle(table)
    sections = [
        ("What the prose says of this table", rows_to_markdown(HEAD, [one.row() for one in verdicts])),
        ("Parts behind each line", parts(table)),
    ]
    return {
        "csv": table_to_csv(table),
        "md": table_to_markdown(table, sections),
        "tex": table_to_latex(table),
        "claims.csv": rules_to_csv(*verdicts),
    }


def open_table(profile: str, inputs: Mapping[str, Path]) -> Table:
    """The scores of six lines on four datasets, each in the line of the K that it was trained with."""
    held = {place: run for place, run in open_runs(inputs, "score").items() if place[0] in LINES}
    check_profile(held, profile)
    runs = {place: held[source] for place, source in lines_to_sources(held).items()}
    for place, run in held.items():
        runs.setdefault(
            place, Run(None, run.fingerprint, run.reason or f"K = {(run.facts or {})['parts']} in this profile")
        )
    title = "Table 4. Ablation of the number of parts"
    return Table(title, profile, LINES, runs, read_reported(inputs["reported"], "table4"))


def lines_to_sources(held: Mapping[Place, Run]) -> dict[Place, Place]:
    """Which input stands in which line: the main run is given as K = 8, but a small profile trains it with fewer parts.

    Raises: ValueError where two runs of one dataset have the same K.
    """
    sources: dict[Place, Place] = {}
    for (row, dataset), run in held.items():
        line = (f"k{run.facts['parts']}" if run.facts is not None else "", dataset)
        if line[0] in LINES:
            if line in sources:
                raise ValueError(
                    f"Table 4 has one place for {LINES[line[0]]} on {dataset}, got {row} and {sources[line][0]}"
                )
            sources[line] = (row, dataset)
    return sources


def parts(table: Table) -> str:
    """How many parts and which weight the runs had: λ_con(K) = C_con K."""
    said = []
    for (row, dataset), run in sorted(table.runs.items()):
        if run.facts is not None:
            weight = f"λ_con {run.facts['concentration_weight']:g}"
            said.append(f"- {table.lines[row]}, {dataset}: K = {run.facts['parts']}, {weight}\n")
    return "".join(said) or "No line was run.\n"
