"""Scores of several runs → the cells of a table, refusing whatever must not stand in one column."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

Key = tuple[str, str, str]  # method, dataset, metric


@dataclass(frozen=True)
class Row:
    """One line of a table's csv; numbers are texts, empty where there is none."""

    method: str
    dataset: str
    metric: str
    unit: str
    ours: str
    profile: str
    spread: str = ""
    seeds: str = ""
    printed: str = ""
    difference: str = ""
    protocol: str = ""


COLUMNS = (
    "method", "dataset", "metric", "unit", "ours", "spread", "seeds", "printed", "difference", "profile", "protocol",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One measured quantity: its value by seed, and the protocol that all of them share."""

    method: str
    dataset: str
    metric: str
    unit: str
    by_seed: tuple[tuple[int, float], ...]
    profile: str
    protocol: tuple[tuple[str, Any], ...]

    @property
    def ours(self) -> float:
        """The mean over seeds."""
        return fmean(value for _, value in self.by_seed)

    @property
    def spread(self) -> float | None:
        """The standard deviation over seeds (n − 1 below); None for one seed, which has none."""
        return stdev(value for _, value in self.by_seed) if len(self.by_seed) > 1 else None


def read_scores(inputs: Mapping[str, Path], prefix: str = "score") -> list[dict[str, Any]]:
    """score.json of every input called `prefix`…, by the inputs' names.

    Raises: ValueError where there is none; FileNotFoundError where a folder holds none.
    """
    from stages.data.files import read_json

    folders = [path for name, path in sorted(inputs.items()) if name.startswith(f"{prefix}_")]
    if not folders:
        raise ValueError(f"expected inputs named {prefix}_<dataset>, got {sorted(inputs)}")
    return [read_json(folder / "score.json") for folder in folders]


def scores_to_cells(scores: Iterable[Mapping[str, Any]]) -> list[Cell]:
    """Bring the values of all scores together by method, dataset and metric; each score is about one dataset.

    Raises: ValueError, naming both sides, where profiles differ; where a dataset is measured twice with one seed or not
    with every seed; where one column (dataset, metric) mixes protocols or units.
    """
    scores = list(scores)
    check_same("profile", [(f"{score['data']}, seed {score['seed']}", score["profile"]) for score in scores])
    seeds: dict[str, list[int]] = {}
    for score in scores:
        dataset = score_to_dataset(score)
        if score["seed"] in seeds.setdefault(dataset, []):
            raise ValueError(f"{dataset} with seed {score['seed']} is given twice: each score folder goes in once")
        seeds[dataset].append(score["seed"])
    check_same("set of seeds", [(dataset, sorted(held)) for dataset, held in seeds.items()])
    held: dict[tuple[str, str, str], list[tuple[int, Mapping[str, Any]]]] = {}
    columns: dict[tuple[str, str], list[tuple[str, Any]]] = {}
    for score in sorted(scores, key=lambda score: (score_to_dataset(score), score["seed"])):
        for value in score["values"]:
            who = f"{value['method']}, seed {score['seed']}"
            held.setdefault((value["method"], value["dataset"], value["metric"]), []).append((score["seed"], value))
            columns.setdefault((value["dataset"], value["metric"]), []).append(
                (who, (value["unit"], value["protocol"]))
            )
    for (dataset, metric), protocols in columns.items():
        check_same(f"protocol of {metric} on {dataset}", protocols)
    wanted = len(next(iter(seeds.values())))
    cells = []
    for (method, dataset, metric), values in held.items():
        if len(values) != wanted:
            raise ValueError(
                f"{metric} of {method} on {dataset}: expected {wanted} seeds, got {[seed for seed, _ in values]}"
            )
        first = values[0][1]
        by_seed = tuple((seed, float(value["value"])) for seed, value in values)
        protocol = tuple(sorted(first["protocol"].items()))
        cells.append(Cell(method, dataset, metric, first["unit"], by_seed, scores[0]["profile"], protocol))
    return cells


def score_to_dataset(score: Mapping[str, Any]) -> str:
    """What all values of a score call their dataset. Raises: ValueError for no value, or several datasets."""
    named = sorted({value["dataset"] for value in score["values"]})
    if len(named) != 1:
        raise ValueError(f"expected a score about one dataset, got {named} beside {score['data']}")
    return named[0]


def check_same(what: str, held: list[tuple[str, Any]]) -> None:
    """Raises: ValueError where not all of (who, value) have the value of the first."""
    for who, value in held[1:]:
        if value != held[0][1]:
            raise ValueError(
                f"one column cannot mix values: the {what} differs between {held[0][0]} and {who}: "
                f"{held[0][1]} against {value}"
            )


def protocol_to_text(protocol: Iterable[tuple[str, Any]]) -> str:
    """`key=value; key=value`, in the order of the keys."""
    return "; ".join(f"{key}={value}" for key, value in sorted(protocol))


def cell_to_row(cell: Cell, printed: str = "", difference: str = "", remarks: Mapping[str, str] | None = None) -> Row:
    """A measured cell as a tidy line: six significant digits, the printed value as it is; remarks join its protocol."""
    return Row(
        method=cell.method,
        dataset=cell.dataset,
        metric=cell.metric,
        unit=cell.unit,
        ours=f"{cell.ours:.6g}",
        spread="" if cell.spread is None else f"{cell.spread:.6g}",
        seeds=str(len(cell.by_seed)),
        printed=printed,
        difference=difference,
        profile=cell.profile,
        protocol=protocol_to_text((dict(cell.protocol) | dict(remarks or {})).items()),
    )


def read_reported(path: Path, table: str) -> dict[Key, str]:
    """The printed values of a table by (method, dataset, metric). Raises: ValueError for a table without lines."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["table"] == table]
    if not lines:
        raise ValueError(f"{path} has no line of {table}")
    return {(line["method"], line["dataset"], line["metric"]): line["value"] for line in lines}


def rows_to_csv(rows: Iterable[Row]) -> str:
    """Tidy rows as CSV text with the house's columns and plain line ends."""
    return lines_to_csv(COLUMNS, (asdict(row) for row in rows))


def lines_to_csv(columns: Sequence[str], lines: Iterable[Mapping[str, str]]) -> str:
    """CSV text with plain line ends and columns of one's own."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def rows_to_markdown(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; the first column is text, the others are centred."""
    lines = ["| " + " | ".join(head) + " |", "|:--" + "|:-:" * (len(head) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"
