"""Table 1: fidelity, diversity and known factor angle of all methods on three datasets, ours beside the printed values.

Source: supp §5, Table 1 (holes are object masks); with box holes: main §4, whose numbers are not in the supplementary.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from stages.block import Block as Base
from stages.draw.style import stamp
from stages.draw.table import (
    Cell,
    Row,
    cell_to_row,
    protocol_to_text,
    read_reported,
    rows_to_csv,
    rows_to_markdown,
)  # fmt: skip
from stages.draw.verdict import verdicts_to_csv
from stages.papers.contrasfill.report.cells import Table, cells_to_table
from stages.papers.contrasfill.report.latex import table_to_latex
from stages.papers.contrasfill.report.names import DATASETS, DECIMALS, FURTHER_FRECHET, PRINTED
from stages.papers.contrasfill.report.study import read_group
from stages.papers.contrasfill.report.varied import WORDS, varied_rows
from stages.papers.contrasfill.report.verdicts import measured_of, table_to_rows, table_to_verdicts

ALSO = (
    "Composites keep the evaluation images' own pixels around the hole, so that their Fréchet distance may lie below "
    "that of training images (`…_train`), which is therefore no floor. `…_halves`: samples of one half of the "
    "evaluation images against the photos of the other. Its floor is the distance of the two halves' photos, which a "
    "perfect sampler reaches in expectation.\n"
)
# How measures begin that stand in a table of their own.
OF_CODES = ("angle_", "score_", "loss_", "accuracy_")


class Block(Base):
    """Which holes the table is about, and how far above the best Fréchet distance still counts as on par."""

    hole: Literal["object", "box"]
    fidelity_tolerance: float = Field(ge=1)


def tabulate(block: Block, inputs: Mapping[str, Path]) -> dict[str, str]:
    """The table as csv, md and tex, and the verdicts that it decides, from `score…` folders and the `reported` values.

    Raises: ValueError where a score is missing, doubled, of other holes, or foreign to its column.
    """
    cells = read_group(inputs, "score")
    printed = read_reported(inputs["reported"], "table1") if block.hole == "object" else {}
    table, tolerances = cells_to_table(cells, printed, block.hole), {"fidelity_tolerance": block.fidelity_tolerance}
    return {
        "csv": table_to_csv(table),
        "md": table_to_markdown(table, tolerances),
        "tex": table_to_latex(table, stamp(table.profile)),
        "claims.csv": verdicts_to_csv(table_to_verdicts(table, tolerances)),
    }


def table_to_csv(table: Table) -> str:
    """One line for each measured quantity. Printed values stand beside ours, differences only under one name."""
    return rows_to_csv(beside_printed(table, cell) for cell in table.ordered())


def beside_printed(table: Table, cell: Cell) -> Row:
    """One tidy line, with the printed value; their difference only where both are the same measure."""
    printed, name = table.printed_beside(cell)
    if printed and name != cell.metric:
        return cell_to_row(cell, printed, remarks={"printed": f"{name}, another measure: not comparable in value"})
    return cell_to_row(cell, printed, f"{cell.ours - float(printed):.6g}" if printed else "")


def table_to_markdown(table: Table, tolerances: Mapping[str, float]) -> str:
    """The printed table's shape, then orderings, verdicts, what else was measured, and every column's protocol."""
    parts = [
        f"# Table 1, {table.holes}, {table.profile} profile\n",
        f"{stamp(table.profile).capitalize()}. {table.seeds_text()} "
        f"Each cell: ours{' (printed)' if table.printed else ''}. Best of ours in bold. FID and FD: lower is better; "
        "LPIPS, PD and KFFA (degrees): higher is more diverse."
        f"{table.names_text()}\n",
        rows_to_markdown(["", *table.heads("<br>")], printed_shape(table)),
        "## Order of the methods, best first\n",
        rows_to_markdown(["dataset", "measure", "ours", "printed"], table.orders()),
        "## What the prose says of this table\n",
        rows_to_markdown(["claim", "rule", "measured", "verdict"], table_to_rows(table, tolerances)),
        *(varied(table) if table.hole == "object" else ()),
        "## Also measured\n",
        ALSO,
        rows_to_markdown(["", *DATASETS.values()], extras(table)),
    ]
    if len(table.seeds) > 1:
        parts += [
            "## By seed\n",
            rows_to_markdown(["dataset", "measure", "seed", *table.methods.values()], by_seed(table)),
        ]
    parts += ["## How each column was measured\n", protocols(table)]
    return "\n".join(parts)


def varied(table: Table) -> tuple[str, str, str]:
    """What each of ContrasFill's codes moves, under a heading of its own."""
    measured = measured_of(table, table.cells.values())
    return "## Which of ContrasFill's codes moves what\n", f"{WORDS}\n", rows_to_markdown(*varied_rows(measured))


def printed_shape(table: Table) -> list[list[str]]:
    """Lines are methods; three columns a dataset."""
    return [
        [label, *(table.cell_text(method, dataset, name) for dataset in DATASETS for name in PRINTED)]
        for method, label in table.methods.items()
    ]


def extras(table: Table) -> list[list[str]]:
    """What the paper does not have: another encoder's angle, the hole alone, real images against real ones."""
    rows: dict[str, list[str]] = {}
    for cell in table.ordered():
        if not table.printed_beside(cell)[1] and not cell.metric.startswith(OF_CODES):
            label = f"{cell.metric}, {table.methods.get(cell.method, 'real images')}"
            held = rows.setdefault(label, [""] * len(DATASETS))
            decimals = 2 if cell.unit == "degrees" or cell.metric.endswith(FURTHER_FRECHET) else 3
            spread = "" if cell.spread is None else f" ± {cell.spread:.{decimals}f}"
            held[list(DATASETS).index(cell.dataset)] = f"{cell.ours:.{decimals}f}{spread}"
    return [[label, *held] for label, held in sorted(rows.items())]


def by_seed(table: Table) -> list[list[str]]:
    """Every seed's own value, behind the means."""
    rows = []
    for dataset, label in DATASETS.items():
        for name in PRINTED:
            for place, seed in enumerate(table.seeds):
                cells = [table.cell(method, dataset, name) for method in table.methods]
                values = [f"{cell.by_seed[place][1]:.{DECIMALS[name]}f}" for cell in cells]
                rows.append([label, cells[0].metric, str(seed), *values])
    return rows


def protocols(table: Table) -> str:
    """One line for each column of the csv."""
    said: dict[tuple[str, str], str] = {}
    for cell in table.ordered():
        said.setdefault((DATASETS[cell.dataset], cell.metric), protocol_to_text(cell.protocol))
    return "".join(f"- {dataset}, {metric}: {text}\n" for (dataset, metric), text in said.items())
