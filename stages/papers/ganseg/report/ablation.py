"""Tables 2 to 4: lines of runs under the same five columns, ours beside the printed values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stages.draw.latex import DOWN, UP, cells_to_line, escaped, tabular, with_printed
from stages.draw.runs import Run
from stages.draw.style import stamp
from stages.draw.table import Key, Row, check_same, protocol_to_text, rows_to_csv, rows_to_markdown
from stages.papers.ganseg.report.names import COLUMNS, DATASETS, NOT_RUN, Column

BESIDE = {
    "landmark_error_scops": "landmark error by SCOPS' protocol (%)",
    "iou_disc": "IoU of the best centred disc",
    "iou_all": "IoU of the whole photo",
    "foreground": "foreground share found",
    "parts_used": "share of the parts that hold 1 % of the foreground",
}


@dataclass(frozen=True)
class Table:
    """`lines`: row → its label; `runs` and `printed` by (row, dataset[, metric])."""

    title: str
    profile: str
    lines: Mapping[str, str]
    runs: Mapping[tuple[str, str], Run]
    printed: Mapping[Key, str]

    def run(self, row: str, dataset: str) -> Run:
        """The run behind a place. Raises: ValueError where no input is it."""
        if (row, dataset) not in self.runs:
            raise ValueError(f"{self.title} needs the score of {row} on {dataset}, which is no input")
        return self.runs[row, dataset]

    def ours(self, row: str, column: Column) -> float | None:
        """Our number; None where the run was not made in this profile. Raises: ValueError for a score without it."""
        run = self.run(row, column.dataset)
        value = run.value(column.metric)
        if value is None and run.facts is not None:
            raise ValueError(f"the score of {row} on {column.dataset} was made and holds no {column.metric}: remake it")
        return None if value is None else float(value["value"])

    def text(self, row: str, column: Column) -> str:
        """Our number in the column's decimals, or that it was not run."""
        ours = self.ours(row, column)
        return NOT_RUN if ours is None else f"{ours:.{column.decimals}f}"

    def best(self, column: Column) -> str | None:
        """The line with the best of our numbers; None where fewer than two lines have one."""
        sign = 1 if column.lower_is_better else -1
        held = [(sign * ours, row) for row in self.lines if (ours := self.ours(row, column)) is not None]
        return min(held)[1] if len(held) > 1 else None


def check_columns(table: Table) -> None:
    """Raises: ValueError where the lines of one column were measured by different protocols, or a score lacks one."""
    for column in COLUMNS:
        said = []
        for row in table.lines:
            table.ours(row, column)
            value = table.run(row, column.dataset).value(column.metric)
            if value is not None:
                said.append((row, (value["unit"], value["protocol"])))
        if said:
            check_same(f"protocol of {column.head}", said)


def table_to_csv(table: Table) -> str:
    """One line a measured or missing number, in the printed order, then what is measured beside."""
    check_columns(table)
    rows = [cell_to_row(table, row, column) for column in COLUMNS for row in table.lines]
    for dataset in DATASETS:
        for row in table.lines:
            for metric in BESIDE:
                value = table.run(row, dataset).value(metric)
                if value is not None:
                    rows.append(tidy(table, row, dataset, metric, value, ""))
    return rows_to_csv(rows)


def cell_to_row(table: Table, row: str, column: Column) -> Row:
    """One line of the printed table."""
    value = table.run(row, column.dataset).value(column.metric)
    printed = table.printed.get((row, column.dataset, column.metric), "")
    if value is not None:
        return tidy(table, row, column.dataset, column.metric, value, printed)
    return Row(
        method=row, dataset=column.dataset, metric=column.metric, unit=column.unit, ours=NOT_RUN,
        spread="", seeds="0", printed=printed, difference="", profile=table.profile,
        protocol=table.run(row, column.dataset).reason,
    )  # fmt: skip


def tidy(table: Table, row: str, dataset: str, metric: str, value: Mapping, printed: str) -> Row:
    """A measured number with six significant digits, the printed one as printed, their difference."""
    ours = float(value["value"])
    facts = table.run(row, dataset).facts or {}
    protocol = dict(value["protocol"]) | {"parts": facts["parts"], "points_per_part": facts["points_per_part"]}
    return Row(
        method=row,
        dataset=dataset,
        metric=metric,
        unit=value["unit"],
        ours=f"{ours:.6g}",
        spread="",
        seeds="1",
        printed=printed,
        difference=f"{ours - float(printed):.6g}" if printed else "",
        profile=table.profile,
        protocol=protocol_to_text(protocol.items()),
    )


def table_to_markdown(table: Table, sections: Iterable[tuple[str, str]]) -> str:
    """The printed table's shape, then the given sections (title, text), what else was measured, and the protocols."""
    parts = [
        f"# {table.title}, {table.profile} profile\n",
        f"{stamp(table.profile).capitalize()}. One seed a line, so no spread. Each cell: ours (printed). "
        "Best of ours in bold where two lines have numbers. The printed values are of 128-px photos of the real sets. "
        f"{backbone_text(table)}\n",
        rows_to_markdown(["", *(f"{column.head} {column.arrow}" for column in COLUMNS)], printed_shape(table)),
    ]
    for title, text in sections:
        parts += [f"## {title}\n", text]
    parts += ["## Also measured\n", beside(table), "## How each column was measured\n", protocols(table)]
    return "\n".join(parts)


def printed_shape(table: Table) -> list[list[str]]:
    """Lines as printed: ours (printed)."""
    rows = []
    for row, label in table.lines.items():
        cells = []
        for column in COLUMNS:
            mark = "**" if table.best(column) == row else ""
            printed = table.printed.get((row, column.dataset, column.metric), "not printed")
            cells.append(f"{mark}{table.text(row, column)}{mark} ({printed})")
        rows.append([label, *cells])
    return rows


def backbone_text(table: Table) -> str:
    """With which weights the segmenters began: the largest confound of every number here (gap G11)."""
    kinds = sorted({run.facts["backbone_init"] for run in table.runs.values() if run.facts is not None})
    said = {"random": "random weights", "imagenet_file": "ImageNet weights, as the public code's do without saying so"}
    if not kinds:
        return "No segmenter was trained in this profile."
    return f"The segmenters' trunks began with {' and '.join(said[kind] for kind in kinds)}."


def beside(table: Table) -> str:
    """What the paper does not have: another protocol, and what needs no network."""
    rows = []
    for metric, label in BESIDE.items():
        for dataset, name in DATASETS.items():
            cells = []
            for row in table.lines:
                value = table.run(row, dataset).value(metric)
                cells.append("" if value is None else f"{value['value']:.3f}")
            if any(cells):
                rows.append([f"{name}: {label}", *cells])
    return rows_to_markdown(["", *table.lines.values()], rows) if rows else "Nothing.\n"


def protocols(table: Table) -> str:
    """One line a column, from the first line of it that has a number."""
    lines = []
    for column in COLUMNS:
        for row in table.lines:
            value = table.run(row, column.dataset).value(column.metric)
            if value is not None:
                lines.append(f"- {column.head}: {protocol_to_text(value['protocol'].items())}\n")
                break
        else:
            lines.append(f"- {column.head}: {NOT_RUN}\n")
    return "".join(lines)


def table_to_latex(table: Table) -> str:
    """A booktabs tabular in the printed shape: ours, the printed value in grey brackets."""
    heads = [escaped(f"{column.head} ") + (DOWN if column.lower_is_better else UP) for column in COLUMNS]
    notes = [f"{table.title}; {stamp(table.profile)}.", "Needs booktabs and xcolor. Each cell: ours (printed)."]
    body = []
    for row, label in table.lines.items():
        cells = []
        for column in COLUMNS:
            text = escaped(table.text(row, column))
            text = rf"\textbf{{{text}}}" if table.best(column) == row else text
            cells.append(with_printed(text, table.printed.get((row, column.dataset, column.metric), "--")))
        body.append([escaped(label), *cells])
    return tabular(notes, f"l{'c' * len(COLUMNS)}", [cells_to_line(["", *heads])], body)
